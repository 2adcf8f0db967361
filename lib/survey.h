/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A survey of a mapped-ram image: its bitmaps held against the storage that
 * the file has.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include "image.h"

/* Present pages, in a row, or a part of a bitmap: without storage. */
struct lost_extent {
	uint64_t offset; /* in the file */
	uint64_t length;
};

/* Of one block, at most so many are kept; all are counted. */
#define LOST_EXTENTS_KEPT 8

struct block_survey {
	uint64_t present;     /* pages */
	uint64_t stale_bytes; /* storage in slots whose bit is clear */
	uint64_t lost_bytes;
	uint64_t lost_count;
	struct lost_extent lost[LOST_EXTENTS_KEPT];
};

/* The image's list and bitmaps have been read.  Reads no page. */
int survey_block(struct block_survey *survey, const struct st_image *image,
		 unsigned block, struct st_error *err);

/*
 * The next part of a block's bitmap, from this byte of the file on, that lies
 * in a hole though places of its pages hold data: 1, 0 if there is none.  QEMU
 * writes all of a bitmap.  What makes holes of zeros makes them of clear bits
 * as well, and then of the places behind them; only what was punched out, or
 * old pages of a live save, leaves data there, and nothing tells one from the
 * other.  Reads such places up to their first data.
 */
int survey_bitmap(struct lost_extent *lost, const struct st_image *image,
		  unsigned block, uint64_t from, struct st_error *err);

/* Is no page of any block present? */
bool survey_is_empty(const struct st_image *image);

/*
 * Has the block no page, though there is data where they would be?  The RAM of
 * a guest is never all zero once it ran.  The memory of a device may be, over
 * old pages of a live save; only where all blocks are empty is it the same.
 * Reads such places up to their first data.
 */
int survey_emptied(bool *emptied, const struct st_image *image, unsigned block,
		   bool all_empty, struct st_error *err);

#endif
