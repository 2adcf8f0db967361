/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of known strangers, and the sentences that name them. */
#include "config.h"

#include "image/stranger.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Confirms a magic that is not enough by itself. */
typedef bool (*confirm)(const uint8_t *head, size_t size);

struct signature {
	uint32_t offset;
	uint32_t size;
	const char *magic;
	confirm confirm; /* NULL: the magic is enough */
	struct stranger stranger;
};

#define MAGIC(offset, text) offset, sizeof(text) - 1, text

#define ELF_TYPE 16
#define ELF_BIG_ENDIAN 2
#define ELF_CORE 4

static bool is_core(const uint8_t *head, size_t size)
{
	if (size < ELF_TYPE + 2)
		return false;
	return (head[5] == ELF_BIG_ENDIAN ?
			get_be16(head + ELF_TYPE) :
			get_le16(head + ELF_TYPE)) == ELF_CORE;
}

#define MBR_ENTRIES 446
#define MBR_ENTRY 16

/*
 * The last two bytes of a boot sector occur in many files.  But four entries,
 * each empty or a partition within the disk, and at least one of them not
 * empty, do not occur by chance.
 */
static bool is_partitioned(const uint8_t *head, size_t size)
{
	unsigned partitions = 0;

	(void)size;
	for (int i = 0; i < 4; i++) {
		const uint8_t *entry = head + MBR_ENTRIES + i * MBR_ENTRY;
		bool empty = entry[4] == 0;

		if (entry[0] != 0 && entry[0] != 0x80)
			return false;
		if (!empty &&
		    (get_le32(entry + 8) == 0 || get_le32(entry + 12) == 0))
			return false;
		partitions += !empty;
	}
	return partitions > 0;
}

static const char restored_by_xen[] = "'xl restore' reads it";
static const char read_by_volatility[] = "Volatility reads it";
static const char read_by_qemu_img[] = "qemu-img reads it";
static const char decompressed_first[] = "decompress it once more";

/*
 * The first match counts.  Sources, for facts: file(1), by the name of its file
 * in magic/Magdir; otherwise as named.
 */
static const struct signature signatures[] = {
	/* elf */
	{ MAGIC(0, "\177ELF"),
	  is_core,
	  { "ELF core dump, as 'virsh dump' makes of memory alone",
	    "crash and gdb read it" } },
	{ MAGIC(0, "\177ELF"), NULL, { "ELF file", NULL } },
	/* linux; makedumpfile: IMPLEMENTATION */
	{ MAGIC(0, "KDUMP   "),
	  NULL,
	  { "kdump file, as 'virsh dump' makes of memory alone",
	    "crash reads it" } },
	{ MAGIC(0, "makedumpfile\0\0\0\0"),
	  NULL,
	  { "kdump file as makedumpfile sends it through a pipe",
	    "'makedumpfile -R' makes a kdump file of it" } },
	/* virtual */
	{ MAGIC(0, "QFI\373"), NULL, { "qcow2 disk image", read_by_qemu_img } },
	{ MAGIC(0, "QED\0"), NULL, { "QED disk image", read_by_qemu_img } },
	{ MAGIC(0, "KDMV"), NULL, { "VMDK disk image", read_by_qemu_img } },
	{ MAGIC(0, "COWD"), NULL, { "VMDK disk image", read_by_qemu_img } },
	/* QEMU: block/vmdk.c */
	{ MAGIC(0, "# Disk DescriptorFile"),
	  NULL,
	  { "description of a VMDK disk image", read_by_qemu_img } },
	{ MAGIC(64, "\x7f\x10\xda\xbe"),
	  NULL,
	  { "VDI disk image", read_by_qemu_img } },
	/* A fixed-size VHD has it only at its end. */
	{ MAGIC(0, "conectix"), NULL, { "VHD disk image", read_by_qemu_img } },
	{ MAGIC(0, "vhdxfile"), NULL, { "VHDX disk image", read_by_qemu_img } },
	/* luks */
	{ MAGIC(0, "LUKS\xba\xbe"),
	  NULL,
	  { "LUKS encrypted disk", "'cryptsetup open' decrypts it" } },
	/* Xen: tools/xl/xl.h, savefileheader_magic */
	{ MAGIC(0, "Xen saved domain, xl format\n \0 \r"),
	  NULL,
	  { "Xen domain saved by xl", restored_by_xen } },
	/* libvirt: src/libxl/libxl_conf.h, LIBXL_SAVE_MAGIC */
	{ MAGIC(0, "libvirt-xml\n \0 \r"),
	  NULL,
	  { "Xen domain saved by libvirt",
	    "'virsh -c xen:///system restore' reads it" } },
	/* linux */
	{ MAGIC(0, "LinuxGuestRecord"),
	  NULL,
	  { "Xen domain saved by xend", NULL } },
	/* VirtualBox: src/VBox/VMM/VMMR3/SSM.cpp */
	{ MAGIC(0, "\177VirtualBox SavedState "),
	  NULL,
	  { "VirtualBox saved state", "VirtualBox alone reads it" } },
	/* Volatility 3: framework/layers/vmware.py */
	{ MAGIC(0, "\xd0\xbe\xd2\xbe"),
	  NULL,
	  { "VMware suspended state or snapshot",
	    "vmss2core makes a core dump of it" } },
	{ MAGIC(0, "\xd1\xba\xd1\xba"),
	  NULL,
	  { "VMware suspended state or snapshot",
	    "vmss2core makes a core dump of it" } },
	{ MAGIC(0, "\xd2\xbe\xd2\xbe"),
	  NULL,
	  { "VMware suspended state or snapshot",
	    "vmss2core makes a core dump of it" } },
	{ MAGIC(0, "\xd3\xbe\xd3\xbe"),
	  NULL,
	  { "VMware suspended state or snapshot",
	    "vmss2core makes a core dump of it" } },
	/* dissect.hypervisor: descriptor/c_hyperv */
	{ MAGIC(0, "\x14\x20\x28\x01"),
	  NULL,
	  { "Hyper-V saved state or configuration (.vmrs, .vmcx)",
	    "dissect.hypervisor reads it" } },
	/*
	 * Firecracker: src/snapshot/src/lib.rs, SNAPSHOT_MAGIC_ID, of which
	 * the two lowest bytes were a version once.
	 */
	{ MAGIC(2, "\x64\x86\x84\x19\x10\x07"),
	  NULL,
	  { "Firecracker snapshot of an x86_64 guest",
	    "Firecracker loads it with its memory file" } },
	{ MAGIC(2, "\xaa\xaa\x84\x19\x10\x07"),
	  NULL,
	  { "Firecracker snapshot of an aarch64 guest",
	    "Firecracker loads it with its memory file" } },
	/* cloud-hypervisor: vm-migration/src/lib.rs, struct Snapshot */
	{ MAGIC(0, "{\"snapshots\":{"),
	  NULL,
	  { "cloud-hypervisor snapshot (state.json)",
	    "cloud-hypervisor restores it with its memory-ranges" } },
	{ MAGIC(0, "{\"id\":\"vm\",\"snapshots\":{"),
	  NULL,
	  { "cloud-hypervisor snapshot (state.json)",
	    "cloud-hypervisor restores it with its memory-ranges" } },
	/* dissect.archive: c_vma */
	{ MAGIC(0, "VMA\0"),
	  NULL,
	  { "backup of Proxmox VE (vma)", "'vma extract' reads it" } },
	/* Volatility 3: framework/layers/lime.py, avml.py */
	{ MAGIC(0, "EMiL"), NULL, { "LiME memory dump", read_by_volatility } },
	{ MAGIC(0, "AVML"),
	  NULL,
	  { "AVML memory dump", "avml-convert makes a LiME dump of it" } },
	/* windows; QEMU: include/qemu/win_dump_defs.h */
	{ MAGIC(0, "PAGEDU64"),
	  NULL,
	  { "Windows crash dump", "WinDbg and Volatility read it" } },
	{ MAGIC(0, "PAGEDUMP"),
	  NULL,
	  { "Windows crash dump", "WinDbg and Volatility read it" } },
	/* Volatility 2: plugins/addrspaces/hibernate.py */
	{ MAGIC(0, "hibr"),
	  NULL,
	  { "Windows hibernation file", read_by_volatility } },
	{ MAGIC(0, "HIBR"),
	  NULL,
	  { "Windows hibernation file", read_by_volatility } },
	{ MAGIC(0, "wake"),
	  NULL,
	  { "Windows hibernation file that was resumed from",
	    read_by_volatility } },
	{ MAGIC(0, "WAKE"),
	  NULL,
	  { "Windows hibernation file that was resumed from",
	    read_by_volatility } },
	/* archive: POSIX ustar and GNU tar start alike */
	{ MAGIC(257, "ustar"),
	  NULL,
	  { "tar archive", "extract the image from it first" } },
	/* Compressed files: something that was compressed twice. */
	{ MAGIC(0, "\x1f\x8b"), NULL, { "gzip file", decompressed_first } },
	{ MAGIC(0, "BZh"), NULL, { "bzip2 file", decompressed_first } },
	{ MAGIC(0, "\xfd\x37zXZ\0"), NULL, { "xz file", decompressed_first } },
	{ MAGIC(0, "\x89LZO\0\r\n\x1a\n"),
	  NULL,
	  { "lzop file", decompressed_first } },
	{ MAGIC(0, "\x28\xb5\x2f\xfd"),
	  NULL,
	  { "zstd file", decompressed_first } },
	/*
	 * filesystems.  A hybrid image has partitions too, so this comes first.
	 */
	{ MAGIC(32769, "CD001"), NULL, { "ISO 9660 image", NULL } },
	/* gpt, for sectors of 512 and of 4096 bytes */
	{ MAGIC(512, "EFI PART"), NULL, { "raw disk image", NULL } },
	{ MAGIC(4096, "EFI PART"), NULL, { "raw disk image", NULL } },
	{ MAGIC(510, "\x55\xaa"), is_partitioned, { "raw disk image", NULL } },
};

static bool fits(const struct signature *signature, const uint8_t *head,
		 size_t size)
{
	size_t end = (size_t)signature->offset + signature->size;

	return size >= end &&
	       memcmp(head + signature->offset, signature->magic,
		      signature->size) == 0 &&
	       (!signature->confirm || signature->confirm(head, size));
}

const struct stranger *stranger_find(const uint8_t *head, size_t size)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++)
		if (fits(&signatures[i], head, size))
			return &signatures[i].stranger;
	return NULL;
}

bool stranger_is_stream(const uint8_t *head, size_t size)
{
	return size >= 4 && (memcmp(head, "QEVM", 4) == 0 ||
			     memcmp(head, "\x11\x22\x33\x44", 4) == 0);
}

/* Reads as far as possible: a file that is damaged later has a name too. */
static int read_head(uint8_t **head, size_t *size, struct input *in,
		     uint64_t offset, struct savetool_error *err)
{
	size_t got, done = 0;

	*head = malloc(STRANGER_HEAD);
	if (!*head)
		return fail_memory(err);
	do {
		if (input_read_at(in, *head + done, STRANGER_HEAD - done,
				  offset + done, &got, err) < 0) {
			if (done == 0)
				return -1;
			break;
		}
		done += got;
	} while (got > 0 && done < STRANGER_HEAD);
	*size = done;
	return 0;
}

static const char *article(const char *what)
{
	return *what && strchr("AEIOaeio", *what) ? "an" : "a";
}

/* "an" if the name is spelled out as letters. */
static const char *codec_article(const struct codec *codec)
{
	return codec->format == SAVETOOL_FORMAT_XZ ||
			       codec->format == SAVETOOL_FORMAT_LZOP ?
		       "an" :
		       "a";
}

#define NAME_SIZE 256

/* "a gzip-compressed ELF file; …"; "" if unknown. */
static void name_it(char name[NAME_SIZE], const struct stranger *stranger,
		    const struct codec *codec)
{
	const char *format = codec ? savetool_format_name(codec->format) : "";

	if (stranger)
		snprintf(name, NAME_SIZE, "%s %s%s%s%s%s",
			 codec ? codec_article(codec) : article(stranger->what),
			 format, codec ? "-compressed " : "", stranger->what,
			 stranger->tool ? "; " : "",
			 stranger->tool ? stranger->tool : "");
	else if (codec)
		snprintf(name, NAME_SIZE, "%s-compressed data of another kind",
			 format);
	else
		*name = '\0';
}

static int look(char name[NAME_SIZE], struct input *in, uint64_t offset,
		const struct codec *codec, struct savetool_error *err)
{
	cleanup_free uint8_t *head = NULL;
	size_t size;

	if (read_head(&head, &size, in, offset, err) < 0)
		return -1;
	name_it(name, stranger_find(head, size), codec);
	return 0;
}

int fail_stranger(struct input *in, uint64_t offset, const struct codec *codec,
		  struct savetool_error *err)
{
	char name[NAME_SIZE];

	if (look(name, in, offset, codec, err) < 0)
		return -1;
	return fail(err, SAVETOOL_NOT_IMAGE, "not a save image%s%s",
		    *name ? ", but " : "", name);
}

int fail_stranger_after(const struct libvirt *libvirt, uint64_t payload,
			struct input *in, uint64_t offset,
			const struct codec *codec, struct savetool_error *err)
{
	char name[NAME_SIZE];

	if (look(name, in, offset, codec, err) < 0)
		return -1;
	return fail_at(err,
		       libvirt->header.complete ? SAVETOOL_CORRUPT :
						  SAVETOOL_INCOMPLETE,
		       payload, "no QEMU stream after the libvirt header%s%s",
		       *name ? ", but " : "", name);
}
