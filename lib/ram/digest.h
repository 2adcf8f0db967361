/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sink that makes the digest of memory.  Equal contents give the same digest,
 * whatever the order, the format, or how often a page comes.  A zero page
 * counts like one that never came.
 */
#ifndef RAM_DIGEST_H
#define RAM_DIGEST_H

#include "ram/page.h"

/*
 * ordered: each page comes at most once, in ascending order within its block.
 * Then a few hundred bytes per block are kept until finish, otherwise eight
 * bytes per page.  The layout stays the caller's.
 */
int digest_sink_new(struct page_sink **sink, const struct ram_layout *layout,
		    bool ordered, struct savetool_error *err);

/* The layout has one more block. */
int digest_sink_grow(struct page_sink *sink, struct savetool_error *err);

/*
 * Did all pages come whole?  If some came as XBZRLE deltas, there is no result:
 * the pages must be brought to their last version first (latest.h).
 */
bool digest_sink_is_final(const struct page_sink *sink);

/* Only after finish. */
void digest_sink_block(const struct page_sink *sink, unsigned block,
		       uint64_t digest[2]);
void digest_sink_result(const struct page_sink *sink, uint64_t digest[2]);

#endif
