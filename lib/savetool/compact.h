/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the same guest in fewer bytes.  Part of savetool.h. */
#ifndef SAVETOOL_COMPACT_H
#define SAVETOOL_COMPACT_H

struct savetool_compact_options {
	size_t size;      /* sizeof(struct savetool_compact_options) */
	int level;        /* of compression; 0: the format's default */
	unsigned threads; /* of compression; 0: all processors */
	bool dry_run;     /* write nothing, only report the size */
	bool force;       /* a copy may replace an existing file */
	bool verify;      /* read a copy back; in place, always done */
};

struct savetool_compact_result {
	enum savetool_format format;
	uint64_t lost; /* bytes of present pages that lay in holes: now zeros */
	uint64_t logical_before, allocated_before;
	uint64_t logical, allocated; /* of the result; estimated if dry_run */
	bool smaller;
	uint64_t resolved; /* pages that QEMU saved compressed or as XBZRLE
			      deltas, now plain */
	bool rewritten;    /* something was written, or with dry_run would be:
			      always a copy; in place, if smaller or
			      resolved > 0 */
	bool linked; /* in place: another hard link still has the old file */
	bool verified;
	struct savetool_digest digest; /* if verified */
};

/*
 * Rewrites an image in the fewest bytes that its format allows: each page once,
 * as its last record leaves it, zero pages as such, and nothing that is not
 * part of the guest.
 *
 * The file is replaced in one step, if that makes it smaller, or if QEMU saved
 * some of its pages compressed or as XBZRLE deltas.  SAVETOOL_REFUSED if
 * another process has the file open, or if it is not a regular file.  open,
 * options, result and monitor may be NULL.
 */
int savetool_compact(const char *path, const struct savetool_open_options *open,
		     const struct savetool_compact_options *options,
		     const struct savetool_monitor *monitor,
		     struct savetool_compact_result *result,
		     struct savetool_error *err);

/*
 * The same, but to a file of its own, which appears complete, or not at all.
 * The image stays as it is.
 */
int savetool_compact_copy(struct savetool_image *image, const char *destination,
			  const struct savetool_compact_options *options,
			  const struct savetool_monitor *monitor,
			  struct savetool_compact_result *result,
			  struct savetool_error *err);

#endif
