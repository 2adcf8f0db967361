/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each byte of a file is.  Part of savetool.h. */
#ifndef SAVETOOL_MAP_H
#define SAVETOOL_MAP_H

/* What a stretch of an image's file is.  Numbers are only ever added. */
enum st_extent_type {
	ST_EXTENT_LEADING,   /* in front of a bare stream */
	ST_EXTENT_HEADER,    /* libvirt's, without what follows */
	ST_EXTENT_XML,       /* the domain's, with its final NUL */
	ST_EXTENT_COOKIE,    /* the same */
	ST_EXTENT_PADDING,   /* between two parts */
	ST_EXTENT_STREAM,    /* QEMU's, but for what is named below */
	ST_EXTENT_BITMAP,    /* of a block */
	ST_EXTENT_PAGE_DATA, /* pages, or records of pages */
	ST_EXTENT_ZERO,      /* the same, but they are zero */
	ST_EXTENT_STALE,     /* places of pages that are not present */
	ST_EXTENT_HOLE,      /* the same, without storage */
	ST_EXTENT_LOST,      /* pages that are present, without storage */
	ST_EXTENT_PACKED,    /* a packed stream */
	ST_EXTENT_DEVICE,    /* a section that QEMU saved whole */
	ST_EXTENT_VMDESC,    /* the JSON behind the stream's end */
	ST_EXTENT_TRAILING,  /* behind the image */
};

/* "page-data"; NULL for a number that is none. */
const char *st_extent_type_name(enum st_extent_type type);

struct st_extent {
	uint64_t start; /* in the file */
	uint64_t length;
	enum st_extent_type type;
	bool allocated;      /* the file has storage there */
	bool present;        /* of pages: bit set, or record with bytes */
	const char *block;   /* NULL: not about a block */
	uint64_t page;       /* its first here; ST_UNKNOWN: not about any */
	uint64_t pages;      /* how many start here */
	const char *section; /* whose bytes they are; NULL: no section's */
	uint64_t instance;   /* of that section */
};

/*
 * Calls each for every stretch of the file, in order: they adjoin, and their
 * lengths add up to the file's.  A stretch and its text are each's until it
 * returns; anything but 0 from it stops with ST_CANCELLED.  Of a sequential
 * image all records are read, of a mapped-ram one no page, but with scan, which
 * tells zero pages from others.  A damaged sequential image is mapped up to
 * where it breaks; then, -1.  What is not a file, but a pipe, is ST_USAGE.
 * The monitor may be NULL.
 */
int st_image_map(struct st_image *image, bool scan,
		 const struct st_monitor *monitor,
		 int (*each)(void *data, const struct st_extent *extent),
		 void *data, struct st_error *err);

#endif
