/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by reclaim.c, which finds storage, and reclaim_punch.c, which frees
 * it.
 */
#ifndef SPARSIFY_RECLAIM_INTERNAL_H
#define SPARSIFY_RECLAIM_INTERNAL_H

#include "io/input.h"
#include "sparsify/reclaim.h"

struct scan;

/* A range of the file in bytes, or of a block's pages by number. */
struct range {
	uint64_t start, end;
};

struct reclaimer {
	struct reclaim *reclaim;
	const struct savetool_monitor *monitor;
	struct input *in;
	struct scan *scan;
	struct extent extent; /* looked up last */
	uint64_t end;         /* of the image */
	uint64_t block_size;  /* of the file system */
	uint64_t reported;    /* progress so far */

	struct range hole; /* found, but not punched yet */

	/* The block that the hole belongs to, and its bits. */
	unsigned block;
	struct range dirty; /* bits cleared, but not written yet */
	bool *changed;      /* for a copy: which bitmaps, one per block */
};

/* Reports that everything up to this byte of the file was examined. */
int reclaim_report(struct reclaimer *reclaimer, uint64_t offset,
		   struct savetool_error *err);

/*
 * Adds to the current hole if they adjoin; otherwise flushes it and begins a
 * new one.
 */
int reclaim_range(struct reclaimer *reclaimer, uint64_t offset, uint64_t length,
		  struct savetool_error *err);

/* The same for present pages of the block, which become absent. */
int reclaim_clear_bits(struct reclaimer *reclaimer, uint64_t offset,
		       uint64_t length, struct savetool_error *err);

/* Punches the current hole. */
int reclaim_flush(struct reclaimer *reclaimer, struct savetool_error *err);

/*
 * Writes a copy's changed bitmaps, which may come before or after their pages.
 */
int reclaim_write_bitmaps(struct reclaimer *reclaimer,
			  struct savetool_error *err);

#endif
