/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every known stranger is found by its bytes, and by nothing less. */
#include "config.h"

#include "image/stranger.h"

#include "base/error.h"

#include "unit/check.h"

static uint8_t head[STRANGER_HEAD];

#define BYTES(text) text, sizeof(text) - 1

/* What these bytes at this offset, among zeros, are taken for. */
static const char *found(size_t offset, const void *bytes, size_t size)
{
	const struct stranger *stranger;

	memset(head, 0, sizeof(head));
	memcpy(head + offset, bytes, size);
	stranger = stranger_find(head, sizeof(head));
	if (!stranger)
		return "";
	/* One byte less is not enough. */
	assert_ptr_not_equal(stranger_find(head, offset + size - 1), stranger);
	return stranger->what;
}

static const struct {
	size_t offset;
	const char *bytes;
	size_t size;
	const char *what;
} known[] = {
	{ 0, BYTES("\177ELF"), "ELF file" },
	{ 0, BYTES("KDUMP   "),
	  "kdump file, as 'virsh dump' makes of memory alone" },
	{ 0, BYTES("makedumpfile\0\0\0\0"),
	  "kdump file as makedumpfile sends it through a pipe" },
	{ 0, BYTES("QFI\373"), "qcow2 disk image" },
	{ 0, BYTES("QED\0"), "QED disk image" },
	{ 0, BYTES("KDMV"), "VMDK disk image" },
	{ 0, BYTES("COWD"), "VMDK disk image" },
	{ 0, BYTES("# Disk DescriptorFile"),
	  "description of a VMDK disk image" },
	{ 64, BYTES("\x7f\x10\xda\xbe"), "VDI disk image" },
	{ 0, BYTES("conectix"), "VHD disk image" },
	{ 0, BYTES("vhdxfile"), "VHDX disk image" },
	{ 0, BYTES("LUKS\xba\xbe"), "LUKS encrypted disk" },
	{ 0, BYTES("Xen saved domain, xl format\n \0 \r"),
	  "Xen domain saved by xl" },
	{ 0, BYTES("libvirt-xml\n \0 \r"), "Xen domain saved by libvirt" },
	{ 0, BYTES("LinuxGuestRecord"), "Xen domain saved by xend" },
	{ 0, BYTES("\177VirtualBox SavedState "), "VirtualBox saved state" },
	{ 0, BYTES("\xd0\xbe\xd2\xbe"), "VMware suspended state or snapshot" },
	{ 0, BYTES("\xd1\xba\xd1\xba"), "VMware suspended state or snapshot" },
	{ 0, BYTES("\xd2\xbe\xd2\xbe"), "VMware suspended state or snapshot" },
	{ 0, BYTES("\xd3\xbe\xd3\xbe"), "VMware suspended state or snapshot" },
	{ 0, BYTES("\x14\x20\x28\x01"),
	  "Hyper-V saved state or configuration (.vmrs, .vmcx)" },
	{ 2, BYTES("\x64\x86\x84\x19\x10\x07"),
	  "Firecracker snapshot of an x86_64 guest" },
	{ 2, BYTES("\xaa\xaa\x84\x19\x10\x07"),
	  "Firecracker snapshot of an aarch64 guest" },
	{ 0, BYTES("{\"snapshots\":{"),
	  "cloud-hypervisor snapshot (state.json)" },
	{ 0, BYTES("{\"id\":\"vm\",\"snapshots\":{"),
	  "cloud-hypervisor snapshot (state.json)" },
	{ 0, BYTES("VMA\0"), "backup of Proxmox VE (vma)" },
	{ 0, BYTES("EMiL"), "LiME memory dump" },
	{ 0, BYTES("AVML"), "AVML memory dump" },
	{ 0, BYTES("PAGEDU64"), "Windows crash dump" },
	{ 0, BYTES("PAGEDUMP"), "Windows crash dump" },
	{ 0, BYTES("hibr"), "Windows hibernation file" },
	{ 0, BYTES("HIBR"), "Windows hibernation file" },
	{ 0, BYTES("wake"), "Windows hibernation file that was resumed from" },
	{ 0, BYTES("WAKE"), "Windows hibernation file that was resumed from" },
	{ 257, BYTES("ustar"), "tar archive" },
	{ 0, BYTES("\x1f\x8b"), "gzip file" },
	{ 0, BYTES("BZh"), "bzip2 file" },
	{ 0, BYTES("\xfd\x37zXZ\0"), "xz file" },
	{ 0, BYTES("\x89LZO\0\r\n\x1a\n"), "lzop file" },
	{ 0, BYTES("\x28\xb5\x2f\xfd"), "zstd file" },
	{ 512, BYTES("EFI PART"), "raw disk image" },
	{ 4096, BYTES("EFI PART"), "raw disk image" },
	{ 32769, BYTES("CD001"), "ISO 9660 image" },
};

TEST(each_is_found_by_its_bytes)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_string_equal(
			found(known[i].offset, known[i].bytes, known[i].size),
			known[i].what);
}

TEST(nothing_else_is_found)
{
	assert_null(stranger_find(head, 0));
	assert_string_equal(found(0, BYTES("some text\n")), "");
	assert_string_equal(found(0, BYTES("QEVM\0\0\0\3")), "");
	assert_string_equal(found(0, BYTES("LibvirtQemudSave")), "");
}

TEST(core_dumps_are_ELF_files_of_that_type)
{
	static const char core[] = "ELF core dump, as 'virsh dump' makes of "
				   "memory alone";

	assert_string_equal(found(0, BYTES("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0"
					   "\4\0")),
			    core);
	assert_string_equal(found(0, BYTES("\177ELF\2\2\1\0\0\0\0\0\0\0\0\0"
					   "\0\4")),
			    core);
}

/* A boot sector with one partition of these bytes at the entry's start. */
static const char *boot_sector(uint8_t status, uint8_t type, uint8_t first,
			       uint8_t sectors)
{
	uint8_t sector[66] = { 0 };

	sector[0] = status;
	sector[4] = type;
	sector[8] = first;
	sector[12] = sectors;
	sector[64] = 0x55;
	sector[65] = 0xaa;
	return found(446, sector, sizeof(sector));
}

TEST(partitions_have_a_place)
{
	assert_string_equal(boot_sector(0x80, 0x83, 63, 9), "raw disk image");
	assert_string_equal(boot_sector(0, 0x83, 63, 9), "raw disk image");
	assert_string_equal(boot_sector(1, 0x83, 63, 9), "");
	assert_string_equal(boot_sector(0, 0x83, 0, 9), "");
	assert_string_equal(boot_sector(0, 0x83, 63, 0), "");
	assert_string_equal(boot_sector(0, 0, 0, 0), "");
}

TEST(a_stream_has_a_magic)
{
	assert_true(stranger_is_stream((const uint8_t *)"QEVM", 4));
	assert_true(stranger_is_stream((const uint8_t *)"\x11\x22\x33\x44", 4));
	assert_false(stranger_is_stream((const uint8_t *)"QEVM", 3));
	assert_false(stranger_is_stream((const uint8_t *)"QEVN", 4));
}

/* The sentence about these bytes, from this codec; NULL: from none. */
static void says(const char *bytes, size_t size, const struct codec *codec,
		 const char *text)
{
	cleanup_input struct input *in = NULL;
	struct savetool_error err;

	assert_ok(input_open_memory(&in, bytes, size, &err), err);
	assert_fails(fail_stranger(in, 0, codec, &err), err, SAVETOOL_NOT_IMAGE,
		     text);
}

TEST(the_sentence_has_an_article_and_a_tool)
{
	const struct codec *gzip = codec_for_format(SAVETOOL_FORMAT_GZIP);
	const struct codec *xz = codec_for_format(SAVETOOL_FORMAT_XZ);

	says(BYTES("text"), NULL, "not a save image");
	says(BYTES("\177ELF"), NULL, "not a save image, but an ELF file");
	says(BYTES("QFI\373"), NULL,
	     "not a save image, but a qcow2 disk image; qemu-img reads it");
	says(BYTES("\177ELF"), gzip,
	     "not a save image, but a gzip-compressed ELF file");
	says(BYTES("VMA\0"), xz,
	     "not a save image, but an xz-compressed backup of Proxmox VE "
	     "(vma); 'vma extract' reads it");
	says(BYTES("text"), gzip,
	     "not a save image, but gzip-compressed data of another kind");
	says(BYTES(""), gzip,
	     "not a save image, but gzip-compressed data of another kind");
}

TEST(after_a_libvirt_header_it_is_damage)
{
	struct libvirt libvirt = { .header = { .complete = true } };
	cleanup_input struct input *in = NULL;
	struct savetool_error err;

	assert_ok(input_open_memory(&in, BYTES("QFI\373"), &err), err);
	assert_fails(fail_stranger_after(&libvirt, 4096, in, 0, NULL, &err),
		     err, SAVETOOL_CORRUPT,
		     "no QEMU stream after the libvirt header, but a qcow2 "
		     "disk image; qemu-img reads it (at byte 4096)");
	libvirt.header.complete = false;
	assert_fails(fail_stranger_after(&libvirt, 4096, in, 0, NULL, &err),
		     err, SAVETOOL_INCOMPLETE,
		     "no QEMU stream after the libvirt header, but a qcow2 "
		     "disk image; qemu-img reads it (at byte 4096)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_its_bytes),
		cmocka_unit_test(nothing_else_is_found),
		cmocka_unit_test(core_dumps_are_ELF_files_of_that_type),
		cmocka_unit_test(partitions_have_a_place),
		cmocka_unit_test(a_stream_has_a_magic),
		cmocka_unit_test(the_sentence_has_an_article_and_a_tool),
		cmocka_unit_test(after_a_libvirt_header_it_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
