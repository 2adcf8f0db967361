/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sink that takes the fingerprint of memory: the same for the same
 * contents, in whatever order, however often, and in whatever format pages
 * come.  A page that is zero counts like one that never came.
 */
#ifndef RAM_DIGEST_H
#define RAM_DIGEST_H

#include "ram/page.h"

/*
 * ordered: each page comes at most once, in ascending order within its
 * block; then nothing but a few hundred bytes a block is kept, else eight
 * bytes a page, until it is finished.  The layout stays the caller's.
 */
int digest_sink_new(struct page_sink **sink, const struct ram_layout *layout,
		    bool ordered, struct savetool_error *err);

/*
 * Was each page whole when it came?  If not, for some came as what changed
 * in them, there is no result: they have to be settled first (latest.h).
 */
bool digest_sink_is_final(const struct page_sink *sink);

/* When it is finished. */
void digest_sink_result(const struct page_sink *sink, uint64_t digest[2]);

#endif
