/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A survey of a mapped-ram image: its bitmaps held against the storage that
 * the file has.  Reads no page.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include "image.h"

/* Present pages, in a row, that the file has no storage for. */
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

/* The image's list and bitmaps have been read. */
int survey_block(struct block_survey *survey, const struct st_image *image,
		 unsigned block, struct st_error *err);

#endif
