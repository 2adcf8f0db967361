/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Allocation of a mapped-ram image: its bitmaps, compared with the file's
 * storage.
 */
#ifndef IMAGE_ALLOCATION_H
#define IMAGE_ALLOCATION_H

#include "image/pass.h"

/* Adjoining present pages, or a part of a bitmap, without storage. */
struct lost_extent {
	uint64_t offset; /* in the file */
	uint64_t length;
};

/* At most this many are kept per block; all are counted. */
#define LOST_EXTENTS_KEPT 8

struct block_allocation {
	uint64_t present;     /* in pages */
	uint64_t stale_bytes; /* storage in slots whose bit is clear */

	bool full;      /* every page is present */
	bool prefilled; /* by the destination */

	/* Present pages in holes. */
	uint64_t lost_bytes;
	uint64_t lost_count;
	struct lost_extent lost[LOST_EXTENTS_KEPT];
};

/*
 * The image's list and bitmaps have been read.  Reads no page.  A shared block
 * has no storage in the file, neither stale nor lost.
 */
int allocation_of_block(struct block_allocation *allocation,
			const struct pass *pass, unsigned block,
			struct savetool_error *err);

/* All blocks together. */
struct allocation {
	uint64_t stale_bytes;
	uint64_t lost_bytes;   /* present pages in holes: maybe lost */
	uint64_t copied_bytes; /* the same, but most likely zeros */

	/*
	 * All blocks that the destination fills are full.  So zero pages are
	 * among them: QEMU saved the guest without detecting any, or the image
	 * was converted from a sequential one, where each page has a record.
	 * Otherwise no present page was zero, in any block.
	 */
	bool keeps_zeros;
};

int allocation_total(struct allocation *total, const struct pass *pass,
		     struct savetool_error *err);

/*
 * Are this block's present pages in holes most likely zeros that a copy left
 * out?  A conversion writes zero pages only where the destination fills the
 * block itself.  In another block, a hole may have taken memory; and what did
 * that may have taken these pages as well.
 */
bool allocation_is_copied(const struct allocation *total,
			  const struct block_allocation *block);

/* If not, may they have been zeros all the same? */
bool allocation_may_be_zero(const struct allocation *total,
			    const struct block_allocation *block);

/* Data in slots of absent pages, which casts doubt on the bitmap. */
struct clear_data {
	/*
	 * The block has no present page, but data in its slots.  The RAM of a
	 * guest that has run is never all zero.  A device's memory may be, over
	 * old pages of a live save; it counts only if all blocks are empty.
	 */
	bool emptied;

	/*
	 * Parts of the bitmap that lie in a hole, although slots of their pages
	 * hold data.  QEMU writes all of a bitmap.  A program that makes holes
	 * of zeros would do the same to clear bits and to their slots.  So
	 * either the bitmap was punched out, or old pages of a live save are
	 * left; which of them cannot be known.
	 */
	uint64_t lost_bytes;
	uint64_t lost_count;
	struct lost_extent lost[LOST_EXTENTS_KEPT];
};

/*
 * For each block, kept with the bitmaps that they describe.  Reads such slots
 * up to their first data, no byte twice, and only on the first call.  The
 * monitor may be NULL.
 */
int allocation_clear_data(const struct clear_data **blocks, struct pass *pass,
			  const struct savetool_monitor *monitor,
			  struct savetool_error *err);

#endif
