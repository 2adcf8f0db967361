/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pass over an image's file that finds storage that is not needed, and
 * reclaims it: in the file itself, in a copy, or only in numbers.
 *
 * The pass may be interrupted after any step.  A page is zero before its bit is
 * cleared, and its bit is clear before it becomes a hole.  So no step changes
 * what is restored or leaves a present page in a hole.  (After a power failure
 * the hole may be on disk and its bit not.  The page still reads as zeros, but
 * check reports a lost extent, because it looks like one.)
 */
#ifndef SPARSIFY_RECLAIM_H
#define SPARSIFY_RECLAIM_H

#include "image/pass.h"
#include "io/held_file.h"
#include "io/output.h"

/* Outside pages, only whole blocks of this size are examined. */
#define RECLAIM_GRAIN 4096

struct reclaim {
	struct pass *pass; /* compressed, or described */

	/*
	 * At most one of them; with neither, holes are only counted.  The held
	 * file has the same bytes as the image; the copy is empty.
	 */
	const struct held_file *held;
	struct output *copy;

	/* Bytes at the start of the file to skip: a copy already has them. */
	uint64_t skipped;

	/* Ignore clear bits: reclaim only what reads as zeros. */
	bool zero_only;

	/* What was found, in bytes. */
	uint64_t stale;     /* in slots whose bit is clear */
	uint64_t zero;      /* in present zero pages that are not prefilled */
	uint64_t other;     /* in zeros elsewhere */
	uint64_t unwritten; /* allocated ahead, in holes */

	/* If holes are only counted: what they would free; on a device: what
	 * was punched. */
	uint64_t storage;
};

/*
 * Changes the image's bitmaps, unless it is compressed.  A copy gets all other
 * bytes of the file, and is not committed.  The monitor may be NULL.
 */
int reclaim(struct reclaim *reclaim, const struct savetool_monitor *monitor,
	    struct savetool_error *err);

#endif
