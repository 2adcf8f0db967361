/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each byte of a file is.  Part of savetool.h. */
#ifndef SAVETOOL_MAP_H
#define SAVETOOL_MAP_H

/* What a stretch of an image's file is.  Numbers are only ever added. */
enum savetool_extent_type {
	SAVETOOL_EXTENT_LEADING,   /* in front of a bare stream */
	SAVETOOL_EXTENT_HEADER,    /* libvirt's, without what follows */
	SAVETOOL_EXTENT_XML,       /* the domain's, with its final NUL */
	SAVETOOL_EXTENT_COOKIE,    /* the same */
	SAVETOOL_EXTENT_PADDING,   /* between two parts */
	SAVETOOL_EXTENT_STREAM,    /* QEMU's, but for what is named below */
	SAVETOOL_EXTENT_BITMAP,    /* of a block */
	SAVETOOL_EXTENT_PAGE_DATA, /* pages, or records of pages */
	SAVETOOL_EXTENT_ZERO,      /* the same, but they are zero */
	SAVETOOL_EXTENT_STALE,     /* places of pages that are not present */
	SAVETOOL_EXTENT_HOLE,      /* the same, without storage */
	SAVETOOL_EXTENT_LOST,      /* pages that are present, without storage */
	SAVETOOL_EXTENT_COMPRESSED, /* a packed stream */
	SAVETOOL_EXTENT_DEVICE,     /* a section that QEMU saved whole */
	SAVETOOL_EXTENT_VMDESC,     /* the JSON behind the stream's end */
	SAVETOOL_EXTENT_TRAILING,   /* behind the image */
};

/* "page-data"; NULL for a number that is none. */
const char *savetool_extent_type_name(enum savetool_extent_type type);

struct savetool_extent {
	uint64_t start; /* in the file */
	uint64_t length;
	enum savetool_extent_type type;
	bool allocated;    /* the file has storage there */
	bool present;      /* of pages: bit set, or record with bytes */
	const char *block; /* NULL: not about a block */
	uint64_t page;     /* its first here; SAVETOOL_UNKNOWN: not about any */
	uint64_t pages;    /* how many start here */
	const char *section; /* whose bytes they are; NULL: no section's */
	uint64_t instance;   /* of that section */
};

/*
 * Calls each for every stretch of the file, in order: they adjoin, and their
 * lengths add up to the file's.  A stretch and its text are each's until it
 * returns; anything but 0 from it stops with SAVETOOL_CANCELLED.  Of a
 * sequential image all records are read, of a mapped-ram one no page, but with
 * scan, which tells zero pages from others.  A damaged sequential image is
 * mapped up to where it breaks; then, -1.  What is not a file, but a pipe, is
 * SAVETOOL_USAGE. The monitor may be NULL.
 */
int savetool_image_map(struct savetool_image *image, bool scan,
		       const struct savetool_monitor *monitor,
		       int (*each)(void *data,
				   const struct savetool_extent *extent),
		       void *data, struct savetool_error *err);

#endif
