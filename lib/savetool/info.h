/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to know of an image.  Part of savetool.h. */
#ifndef SAVETOOL_INFO_H
#define SAVETOOL_INFO_H

/*
 * That of the host that saved an image: its bitmaps and its libvirt header are
 * in it.  A header tells it, a bare stream does not.
 */
enum savetool_byte_order {
	SAVETOOL_BYTE_ORDER_UNKNOWN,
	SAVETOOL_BYTE_ORDER_LITTLE,
	SAVETOOL_BYTE_ORDER_BIG,
};

enum savetool_layout {
	SAVETOOL_LAYOUT_UNKNOWN,    /* packed, and nobody looked inside */
	SAVETOOL_LAYOUT_SEQUENTIAL, /* generation v2 */
	SAVETOOL_LAYOUT_MAPPED_RAM, /* generation v3 */
};

/* libvirt's formats.  The values are those of its header. */
enum savetool_format {
	SAVETOOL_FORMAT_RAW = 0,
	SAVETOOL_FORMAT_GZIP = 1,
	SAVETOOL_FORMAT_BZIP2 = 2,
	SAVETOOL_FORMAT_XZ = 3,
	SAVETOOL_FORMAT_LZOP = 4,
	SAVETOOL_FORMAT_ZSTD = 5,
	SAVETOOL_FORMAT_SPARSE = 6,
	SAVETOOL_FORMAT_COUNT,
	SAVETOOL_FORMAT_KEEP =
		255, /* for savetool_convert(): that of the source */
};

/* "raw" … "sparse"; NULL for a number that is none. */
const char *savetool_format_name(enum savetool_format format);

/*
 * The format that a word means, also "v2" (raw), "v3" and "mapped-ram"
 * (sparse).
 */
int savetool_format_parse(const char *word, enum savetool_format *format,
			  struct savetool_error *err);

/* The libvirt header, FORMAT: 92 bytes in front of XML, cookie, padding. */
struct savetool_header {
	uint32_t version;       /* 0 to 3 */
	uint32_t format;        /* the number, whatever the content is */
	bool big_endian;        /* the saving host's byte order */
	bool complete;          /* the magic ends in Save, not Part */
	bool was_running;       /* the guest runs when restored */
	uint32_t data_length;   /* of XML, cookie and padding */
	uint32_t cookie_offset; /* from byte 92; 0: there is no cookie */
	uint32_t features;      /* version 3 only */
	uint32_t padding;       /* bytes left for a longer XML */
};

/* What the domain XML says of the guest; NULL or SAVETOOL_UNKNOWN if it does
 * not. */
struct savetool_guest {
	const char *name;
	const char *uuid;
	const char *arch;
	const char *machine;
	const char *cpu; /* its mode, or its model */
	uint64_t memory; /* bytes */
	uint64_t vcpus;
	const char *const *files; /* disks and others, ended by NULL */
};

/* A file that the domain XML names: a disk, a kernel, a firmware. */
struct savetool_file {
	const char *path;
	bool exists; /* here and now */
};

struct savetool_block {
	const char *name;
	uint64_t length;
	uint64_t page_size;     /* SAVETOOL_UNKNOWN as of the image */
	uint64_t pages;         /* length / page_size */
	uint64_t pages_present; /* SAVETOOL_UNKNOWN unless mapped or scanned */
	uint64_t pages_zero;    /* of the present ones; scanned */
	uint64_t pages_superseded; /* records that a later one replaces */
	uint64_t bitmap_offset;    /* SAVETOOL_UNKNOWN unless mapped-ram */
	uint64_t pages_offset;     /* SAVETOOL_UNKNOWN unless mapped-ram */
};

/* A section that QEMU saved whole: a device. */
struct savetool_device {
	const char *name;
	uint32_t instance;
	uint32_t version;
	uint64_t offset; /* of the section, in the unpacked stream's file */
	uint64_t length; /* of its state, without header and footer */
};

enum savetool_severity { SAVETOOL_NOTE, SAVETOOL_WARNING, SAVETOOL_PROBLEM };

/* Something worth telling. */
struct savetool_finding {
	const char *code; /* stable, in savetool-formats(5): "lost-extent" */
	enum savetool_severity severity;
	const char *message;
	const char *block;   /* NULL: not about one block */
	uint64_t page;       /* the first of them there */
	uint64_t pages;      /* 0: not about pages in a row */
	const char *section; /* a device; NULL: not about one */
	uint64_t instance;   /* of it */
	uint64_t offset;     /* SAVETOOL_UNKNOWN: not about one place */
	uint64_t length;
	enum savetool_hint hint; /* what helps */
};

struct savetool_sizes {
	uint64_t logical;           /* st_size; SAVETOOL_UNKNOWN of a pipe */
	uint64_t allocated;         /* st_blocks x 512, of a file only */
	uint64_t needed;            /* least bytes for this in this format */
	uint64_t reclaimable_zero;  /* present pages that are zero */
	uint64_t reclaimable_stale; /* bytes in slots with a clear bit */

	/* These are told by savetool_image_size() alone. */
	uint64_t reclaimable_superseded; /* of records that others replace */
	uint64_t data;   /* outside holes: what a copy that keeps them takes;
			    of a pipe, all that it brought */
	uint64_t around; /* of data: in front of the image, and behind it */
};

/* All that is known of an image.  Belongs to it, and goes with it. */
struct savetool_info {
	const char *path;
	bool libvirt; /* has a libvirt header; else a bare stream */
	enum savetool_layout layout;
	enum savetool_format
		format; /* by content, never by the header's word */
	enum savetool_format
		compression; /* by what it is packed; raw: it is not */
	bool complete_known;
	bool complete;
	const struct savetool_header *header; /* NULL if bare */
	const struct savetool_guest
		*guest;    /* NULL if bare, or no readable XML */
	const char *xml;   /* NULL if bare */
	bool stream_known; /* false: packed, and nobody looked inside */
	uint64_t stream_offset;
	enum savetool_byte_order
		byte_order;  /* by header or caller, else unknown */
	const char *machine; /* NULL: no configuration section */
	uint64_t page_size;  /* SAVETOOL_UNKNOWN: what can be seen does not tell
			      */
	const char *const *capabilities; /* ended by NULL */
	bool has_uuid;
	uint8_t uuid[16];
	bool footers_known;
	bool footers;
	bool vmdesc_known;
	bool vmdesc;
	uint64_t trailing; /* bytes behind the image's end; or SAVETOOL_UNKNOWN
			    */
	bool scanned;
	size_t block_count;
	const struct savetool_block *blocks;
	size_t device_count;
	const struct savetool_device *devices;
	struct savetool_sizes sizes;
	size_t file_count;
	const struct savetool_file
		*files; /* what the guest needs beside this */
	const char
		*needs_libvirt; /* lowest release that restores it, or NULL */
	const char *needs_qemu;
	size_t finding_count;
	const struct savetool_finding *findings;
};

#endif
