/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image takes, and would take elsewhere.  Part of savetool.h. */
#ifndef SAVETOOL_SIZE_H
#define SAVETOOL_SIZE_H

struct savetool_size_options {
	size_t size;   /* sizeof(struct savetool_size_options) */
	bool scan;     /* read all pages of a mapped-ram image too */
	bool estimate; /* of other formats */
};

/* What savetool_convert() would make of an image in a format. */
struct savetool_estimate {
	bool known;   /* it could, and the size is told */
	bool sampled; /* from a sample: it is not exact */
	uint64_t logical;
	uint64_t allocated; /* in blocks of 4 KiB */
};

/*
 * Describes an image as savetool_image_describe() does, and reads a sequential
 * one for what it has superseded.  estimates, one a format, is written on
 * success if the options ask for it.  Sizes that stay unknown are
 * SAVETOOL_UNKNOWN.
 */
int savetool_image_size(
	struct savetool_image *image,
	const struct savetool_size_options *options,
	const struct savetool_monitor *monitor,
	const struct savetool_info **info,
	struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT],
	struct savetool_error *err);

/* What the file system of a folder offers, as found by trying. */
struct savetool_space {
	uint64_t available; /* bytes for who asks */
	bool writable;      /* a file could be made; else no more is known */
	bool holes;         /* files can have them */
	bool shares;        /* files can share their storage */
};

/*
 * Tries the folder with two files that never have a name, or if its file
 * system cannot do that, lose it at once.
 */
int savetool_folder_space(struct savetool_space *space, const char *folder,
			  struct savetool_error *err);

#endif
