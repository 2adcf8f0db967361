/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is known about an image.  Part of savetool.h. */
#ifndef SAVETOOL_INFO_H
#define SAVETOOL_INFO_H

/*
 * The byte order of the host that saved an image, used by its bitmaps and its
 * libvirt header.  A libvirt header shows it; a bare stream does not.
 */
enum savetool_byte_order {
	SAVETOOL_BYTE_ORDER_UNKNOWN,
	SAVETOOL_BYTE_ORDER_LITTLE,
	SAVETOOL_BYTE_ORDER_BIG,
};

enum savetool_layout {
	SAVETOOL_LAYOUT_UNKNOWN,    /* compressed, and not decompressed yet */
	SAVETOOL_LAYOUT_SEQUENTIAL, /* QEMU's stream; generation v2 */
	SAVETOOL_LAYOUT_MAPPED_RAM, /* pages at fixed offsets; generation v3 */
};

/*
 * libvirt's formats.  The values are those of its header: enum
 * virQEMUSaveFormat in src/qemu/qemu_saveimage.h.
 */
enum savetool_format {
	SAVETOOL_FORMAT_RAW = 0,
	SAVETOOL_FORMAT_GZIP = 1,
	SAVETOOL_FORMAT_BZIP2 = 2,
	SAVETOOL_FORMAT_XZ = 3,
	SAVETOOL_FORMAT_LZOP = 4,
	SAVETOOL_FORMAT_ZSTD = 5,
	SAVETOOL_FORMAT_SPARSE = 6,
	SAVETOOL_FORMAT_COUNT,
	/* For savetool_convert(). */
	SAVETOOL_FORMAT_LAYOUT = 254, /* uncompressed, in the source's layout */
	SAVETOOL_FORMAT_KEEP = 255,   /* the source's */
};

/* "raw" … "sparse"; NULL if the number is not a format. */
const char *savetool_format_name(enum savetool_format format);

/*
 * Parses a format's name.  Also takes "v2" (raw), "v3" and "mapped-ram"
 * (sparse).
 */
int savetool_format_parse(const char *word, enum savetool_format *format,
			  struct savetool_error *err);

/*
 * The libvirt header: 92 bytes, followed by XML, cookie and padding.  The
 * fields are those of struct _virQEMUSaveHeader in libvirt's
 * src/qemu/qemu_saveimage.h.
 */
struct savetool_header {
	uint32_t version;       /* 0 to 3 */
	uint32_t format;        /* as written there, whatever the content is */
	bool big_endian;        /* the saving host's byte order */
	bool complete;          /* the magic ends in Save, not Part */
	bool was_running;       /* the guest runs when restored */
	uint32_t data_length;   /* of XML, cookie and padding together */
	uint32_t cookie_offset; /* from byte 92; 0: no cookie */
	uint32_t features;      /* version 3 only */
	uint32_t padding;       /* bytes left for a longer XML */
};

/*
 * The guest as the domain XML describes it.  What the XML does not say is NULL
 * or SAVETOOL_UNKNOWN.
 */
struct savetool_guest {
	const char *name;
	const char *uuid;
	const char *arch;
	const char *machine;
	const char *cpu; /* its mode, or its model */
	uint64_t memory; /* bytes */
	uint64_t vcpus;
	const char *const *files; /* of those the paths, ended by NULL */
};

/* What the domain XML names: a disk, a kernel, a device of the host. */
struct savetool_file {
	const char *path; /* or "rbd pool/image", if it is not local */
	bool exists;      /* on this host, now; if that is known */
	bool exists_known;
	bool local;       /* a path of this host */
	const char *kind; /* "disk", "backing-store" and so on */
};

/*
 * A memory block: a RAMBlock of QEMU, as the "ram" section lists it
 * (migration/ram.c).
 */
struct savetool_block {
	const char *name;
	uint64_t length;
	uint64_t page_size;     /* SAVETOOL_UNKNOWN if the image's is */
	uint64_t pages;         /* length / page_size */
	uint64_t pages_present; /* SAVETOOL_UNKNOWN unless mapped or scanned */
	uint64_t pages_zero;    /* among the present ones; only if scanned */
	uint64_t pages_superseded; /* records that a later one replaces */
	uint64_t bitmap_offset;    /* SAVETOOL_UNKNOWN unless mapped-ram */
	uint64_t pages_offset;     /* SAVETOOL_UNKNOWN unless mapped-ram */
};

/*
 * A section that QEMU saved in one piece: a device (QEMU_VM_SECTION_FULL in
 * migration/savevm.c).
 */
struct savetool_device {
	const char *name;
	uint32_t instance;
	uint32_t version;
	uint64_t offset; /* of the section, in the decompressed file */
	uint64_t length; /* of its state, without header and footer */
};

enum savetool_severity { SAVETOOL_NOTE, SAVETOOL_WARNING, SAVETOOL_PROBLEM };

/* Something worth reporting. */
struct savetool_finding {
	const char *code; /* stable, see savetool-formats(5): "lost-extent" */
	enum savetool_severity severity;
	const char *message;
	const char *block;   /* NULL: not about one block */
	uint64_t page;       /* the first one in that block */
	uint64_t pages;      /* in a row; 0: not about pages */
	const char *section; /* a device; NULL: not about one */
	uint64_t instance;   /* of that section */
	uint64_t offset;     /* SAVETOOL_UNKNOWN: not about one byte */
	uint64_t length;
	enum savetool_hint hint; /* what helps */
};

struct savetool_sizes {
	uint64_t logical;   /* st_size; SAVETOOL_UNKNOWN for a pipe */
	uint64_t allocated; /* st_blocks x 512; files only */
	uint64_t needed;    /* fewest bytes for this guest in this format */
	uint64_t reclaimable_zero;  /* present pages that are zero */
	uint64_t reclaimable_stale; /* bytes in slots whose bit is clear */

	/* Only savetool_image_size() fills these. */
	uint64_t reclaimable_superseded; /* bytes of replaced records */
	uint64_t data; /* outside holes: what a copy that keeps holes takes; for
			  a pipe, all bytes read */
	uint64_t around; /* of data: what lies before and after the image */

	/* Allocated ahead by the file system, and never written: in holes. */
	uint64_t reclaimable_unwritten;
};

/*
 * Everything that is known about an image.  It belongs to the image and is
 * released with it.
 */
struct savetool_info {
	const char *path;
	bool libvirt; /* false: a bare stream */
	enum savetool_layout layout;
	enum savetool_format format; /* by content, whatever the header says */
	enum savetool_format
		compression; /* of the whole stream; raw: not compressed */
	bool complete_known;
	bool complete;
	const struct savetool_header *header; /* NULL if bare */
	const struct savetool_guest
		*guest;    /* NULL if bare, or the XML is unreadable */
	const char *xml;   /* NULL if bare */
	bool stream_known; /* false: compressed, and not decompressed yet */
	uint64_t stream_offset;
	enum savetool_byte_order
		byte_order;  /* by header or caller; otherwise unknown */
	const char *machine; /* NULL: no configuration section */
	uint64_t page_size;  /* SAVETOOL_UNKNOWN: nothing seen shows it */
	const char *const *capabilities; /* ended by NULL */
	bool has_uuid;
	uint8_t uuid[16];
	bool footers_known;
	bool footers;
	bool vmdesc_known;
	bool vmdesc;
	uint64_t trailing; /* bytes after the end of the image, or
			      SAVETOOL_UNKNOWN */
	bool scanned;
	size_t block_count;
	const struct savetool_block *blocks;
	size_t device_count;
	const struct savetool_device *devices;
	struct savetool_sizes sizes;
	size_t file_count;
	const struct savetool_file
		*files; /* what the guest needs besides this image */
	const char
		*needs_libvirt; /* lowest release that restores it, or NULL */
	const char *needs_qemu;
	size_t finding_count;
	const struct savetool_finding *findings;

	/* The last release that has the machine type; NULL: not known. */
	const char *last_qemu;

	/* Whose QEMU alone has it: "Red Hat"; NULL: no vendor's that is known.
	 */
	const char *vendor;

	/* From this QEMU on it takes that libvirt; NULL: any does. */
	const char *newer_qemu, *newer_libvirt;

	/* Whose QEMU saved it: "Proxmox VE"; NULL: nothing says so. */
	const char *saved_by;

	/*
	 * Names of the sections that come before the devices, as far as they
	 * were seen, without the memory's; ended by NULL.
	 */
	const char *const *sections;

	bool devices_only;     /* a stream without memory, as Xen saves it */
	bool memory_elsewhere; /* saved with x-ignore-shared */

	/*
	 * All snapshots of a qcow2 file, and the one that is the image; NULL:
	 * the image is no snapshot, or none of them was meant.
	 */
	size_t snapshot_count;
	const struct savetool_snapshot *snapshots;
	const struct savetool_snapshot *snapshot;

	/* QEMU's word for what the guest did; NULL: nothing seen says it. */
	const char *run_state;
};

#endif
