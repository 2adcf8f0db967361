/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frees the storage that an image does not need.  Part of savetool.h. */
#ifndef SAVETOOL_SPARSIFY_H
#define SAVETOOL_SPARSIFY_H

struct savetool_sparsify_options {
	size_t size;    /* sizeof(struct savetool_sparsify_options) */
	bool zero_only; /* every byte must read as it did before */
	bool dry_run;   /* change and write nothing */
	bool force;     /* a copy may replace an existing file */
};

/*
 * In bytes.  With dry_run: as it would be, with blocks of 4 KiB.  For a block
 * device, before and allocated are SAVETOOL_UNKNOWN, and freed is what was
 * punched.
 */
struct savetool_sparsify_result {
	enum savetool_format
		format; /* by content; a compressed one has no holes */
	uint64_t logical;
	uint64_t before;    /* allocated before */
	uint64_t allocated; /* allocated now, in place or by the copy */
	uint64_t freed;
	uint64_t stale;     /* found in slots whose bit is clear */
	uint64_t zero;      /* in present pages that are zero: now absent */
	uint64_t other;     /* in zeros elsewhere */
	uint64_t lost;      /* in present pages that already lay in holes */
	uint64_t unwritten; /* allocated ahead by the file system */
};

/*
 * Frees the storage that a file does not need: stale memory, zero pages and
 * other zeros.  The guest stays the same, even if the run is interrupted.
 *
 * SAVETOOL_REFUSED, before anything is changed, if another process has the file
 * open, if the file system cannot punch holes, or if the bitmaps cannot be
 * trusted (not with zero_only).  A dry_run reports missing holes too, if it can
 * create a file in the same folder to try.
 *
 * On a block device, holes are punched too: the device may free the storage,
 * and the ranges read as zeros.  open, options, result and monitor may be NULL.
 */
int savetool_sparsify(const char *path,
		      const struct savetool_open_options *open,
		      const struct savetool_sparsify_options *options,
		      const struct savetool_monitor *monitor,
		      struct savetool_sparsify_result *result,
		      struct savetool_error *err);

/*
 * Writes a sparse copy, which appears complete, or not at all, and shares
 * storage with the image if the file system can.  The image stays as it is.
 */
int savetool_sparsify_copy(struct savetool_image *image,
			   const char *destination,
			   const struct savetool_sparsify_options *options,
			   const struct savetool_monitor *monitor,
			   struct savetool_sparsify_result *result,
			   struct savetool_error *err);

#endif
