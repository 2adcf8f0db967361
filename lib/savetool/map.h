/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each byte of a file is used for.  Part of savetool.h. */
#ifndef SAVETOOL_MAP_H
#define SAVETOOL_MAP_H

/* What an extent of an image's file holds.  Numbers are only ever added. */
enum savetool_extent_type {
	SAVETOOL_EXTENT_LEADING,    /* before a bare stream */
	SAVETOOL_EXTENT_HEADER,     /* libvirt's, without what follows it */
	SAVETOOL_EXTENT_XML,        /* the domain XML, with its final NUL */
	SAVETOOL_EXTENT_COOKIE,     /* libvirt's cookie, with its final NUL */
	SAVETOOL_EXTENT_PADDING,    /* between two parts */
	SAVETOOL_EXTENT_STREAM,     /* QEMU's, except for what is named below */
	SAVETOOL_EXTENT_BITMAP,     /* of a block */
	SAVETOOL_EXTENT_PAGE_DATA,  /* pages, or records of pages */
	SAVETOOL_EXTENT_ZERO,       /* the same, but all zero */
	SAVETOOL_EXTENT_STALE,      /* slots of pages that are not present */
	SAVETOOL_EXTENT_HOLE,       /* the same, not allocated */
	SAVETOOL_EXTENT_LOST,       /* present pages that are not allocated */
	SAVETOOL_EXTENT_COMPRESSED, /* a compressed stream */
	SAVETOOL_EXTENT_DEVICE,     /* a section that QEMU saved in one piece */
	SAVETOOL_EXTENT_VMDESC,     /* the JSON after the end of the stream */
	SAVETOOL_EXTENT_TRAILING,   /* after the image */
	SAVETOOL_EXTENT_UNWRITTEN,  /* a hole that is allocated ahead */
};

/* "page-data"; NULL if the number is not a type. */
const char *savetool_extent_type_name(enum savetool_extent_type type);

struct savetool_extent {
	uint64_t start; /* in the file */
	uint64_t length;
	enum savetool_extent_type type;
	bool allocated;      /* the file has storage there */
	bool present;        /* for pages: bit set, or record with data */
	const char *block;   /* NULL: not about a block */
	uint64_t page;       /* the first one here; SAVETOOL_UNKNOWN: none */
	uint64_t pages;      /* how many start here */
	const char *section; /* NULL: not part of a section */
	uint64_t instance;   /* of that section */
};

/*
 * Calls each for every extent of the file, in order and without gaps: their
 * lengths add up to the file's.  An extent and its strings are valid until each
 * returns; if it returns anything but 0, the map stops with SAVETOOL_CANCELLED.
 *
 * For a sequential image all records are read.  For a mapped-ram image no page
 * is read unless scan asks to tell zero pages from others.  A damaged
 * sequential image is mapped up to where it breaks, and the result is -1.
 * SAVETOOL_USAGE if the image is a pipe.  The monitor may be NULL.
 */
int savetool_image_map(struct savetool_image *image, bool scan,
		       const struct savetool_monitor *monitor,
		       int (*each)(void *data,
				   const struct savetool_extent *extent),
		       void *data, struct savetool_error *err);

#endif
