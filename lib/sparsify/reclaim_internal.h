/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the dig share: dig.c finds, dig_holes.c makes holes. */
#ifndef SPARSIFY_RECLAIM_INTERNAL_H
#define SPARSIFY_RECLAIM_INTERNAL_H

#include "io/input.h"
#include "sparsify/reclaim.h"

struct scan;

/* A stretch of the file, or of one block's pages, as numbers of them. */
struct range {
	uint64_t start, end;
};

struct reclaimer {
	struct reclaim *reclaim;
	const struct savetool_monitor *monitor;
	struct input *in;
	struct scan *scan;
	struct extent extent; /* that was looked at last */
	uint64_t end;         /* of the image */
	uint64_t block_size;  /* of the file system */
	uint64_t reported;    /* of progress */

	struct range hole; /* found, but not made yet */

	/* The block that the hole is of; its bits. */
	unsigned block;
	struct range dirty; /* bits that were cleared, but not written yet */
	bool *changed;      /* of a copy: bitmaps, one a block */
};

/* Up to this byte of the file all was found. */
int reclaim_report(struct reclaimer *reclaimer, uint64_t offset,
		   struct savetool_error *err);

/* Adds to the hole that was found, or makes it and begins another one. */
int reclaim_range(struct reclaimer *reclaimer, uint64_t offset, uint64_t length,
		  struct savetool_error *err);

/* The same, of present pages of the block, which are absent from now on. */
int reclaim_clear_bits(struct reclaimer *reclaimer, uint64_t offset,
		       uint64_t length, struct savetool_error *err);

/* Makes the hole that was found. */
int reclaim_flush(struct reclaimer *reclaimer, struct savetool_error *err);

/* Those of a copy, in which they may come before or behind their pages. */
int reclaim_write_bitmaps(struct reclaimer *reclaimer,
			  struct savetool_error *err);

#endif
