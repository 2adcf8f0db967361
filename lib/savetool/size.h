/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes: used, needed, and estimated for other formats.  Part of savetool.h. */
#ifndef SAVETOOL_SIZE_H
#define SAVETOOL_SIZE_H

struct savetool_size_options {
	size_t size;   /* sizeof(struct savetool_size_options) */
	bool scan;     /* read all pages of a mapped-ram image too */
	bool estimate; /* fill the estimates */
};

/* The size that savetool_convert() would give an image in one format. */
struct savetool_estimate {
	bool known;   /* it could convert, and the size is known */
	bool sampled; /* from a sample: not exact */
	uint64_t logical;
	uint64_t allocated; /* in blocks of 4 KiB */
};

/*
 * Describes an image as savetool_image_describe() does, and computes all its
 * sizes.  A sequential image is read, to find records that later ones replace.
 * estimates has one entry per format and is written on success if the options
 * ask for it.  Sizes that stay unknown are SAVETOOL_UNKNOWN.
 */
int savetool_image_size(
	struct savetool_image *image,
	const struct savetool_size_options *options,
	const struct savetool_monitor *monitor,
	const struct savetool_info **info,
	struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT],
	struct savetool_error *err);

/* What the file system of a directory offers, found by trying it out. */
struct savetool_space {
	uint64_t available; /* bytes that the caller could write */
	bool writable;      /* if false, the rest is unknown */
	bool holes;         /* files can have holes */
	bool shares;        /* files can share storage (reflinks) */
};

/*
 * Tests a directory with two unnamed temporary files.  If its file system does
 * not support O_TMPFILE, they have a name for a moment.
 */
int savetool_folder_space(struct savetool_space *space, const char *folder,
			  struct savetool_error *err);

#endif
