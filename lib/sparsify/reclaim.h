/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pass over an image's file that finds the storage that nothing needs,
 * and gives it back: in the file itself, in a copy, or only in numbers.
 *
 * Nothing is ever done that could not be the last thing that is done.  A page
 * is zero before its bit is cleared, and its bit is clear before it becomes a
 * hole: neither changes what is restored, nor leaves a present page in a hole.
 * (But who loses power may find a hole on the disk and its bit not: the page
 * is the same zeros, and check calls it a lost extent, which it looks like.)
 */
#ifndef SPARSIFY_RECLAIM_H
#define SPARSIFY_RECLAIM_H

#include "image/pass.h"
#include "io/held_file.h"
#include "io/output.h"

/* Only whole blocks of this size are looked at, where there are no pages. */
#define RECLAIM_GRAIN 4096

struct reclaim {
	struct pass *pass; /* packed, or described */

	/*
	 * At most one of them; with neither, the holes are only counted.  The
	 * file in place holds the same bytes as the image; a copy is empty.
	 */
	const struct held_file *held;
	struct output *copy;

	/* Bytes in front that are not dug for: a copy has them already. */
	uint64_t skipped;

	/* Clear bits mean nothing: only what reads as zero is given back. */
	bool zero_only;

	/* What was found, in bytes. */
	uint64_t stale; /* in slots whose bit is clear */
	uint64_t zero;  /* in present pages of zeros, not prefilled ones */
	uint64_t other; /* zeros elsewhere */

	/* If holes are only counted: what they would free; on a device: what
	 * was punched. */
	uint64_t storage;
};

/*
 * The image's bitmaps are changed; of what is packed, nothing is.  A copy gets
 * all other bytes of the file, and is not committed.  The monitor may be NULL.
 */
int reclaim(struct reclaim *reclaim, const struct savetool_monitor *monitor,
	    struct savetool_error *err);

#endif
