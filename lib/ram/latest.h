/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Brings each page to its last version, in a stream where pages come several
 * times or as XBZRLE deltas.  That takes two walks.  The first finds out which
 * version of each page is the last.  The second passes over all others, and
 * applies the deltas.
 */
#ifndef RAM_LATEST_H
#define RAM_LATEST_H

#include "ram/page.h"

/*
 * The result of the first walk: eight bytes per page, on the second walk one
 * bit per version.
 */
struct latest;

int latest_new(struct latest **latest, struct savetool_error *err);

/* NULL is fine. */
void latest_free(struct latest *latest);

/*
 * After the second walk: did the same pages come in the same order as on the
 * first?  If not, the image has been changed meanwhile, and what was passed on
 * is neither the old nor the new one.
 */
int latest_check(const struct latest *latest, struct savetool_error *err);

/* A sink for the first walk, which the caller frees. */
int latest_tally(struct latest *latest, struct page_sink **sink,
		 const struct ram_layout *layout, struct savetool_error *err);

/*
 * A sink for the second walk, over the same pages in the same order.  It passes
 * each page on once, to another sink, which it finishes and the caller frees.
 * Pages with deltas are kept in an unnamed temporary file in folder meanwhile.
 */
int latest_sink_new(struct page_sink **sink, struct latest *latest,
		    struct page_sink *to, const struct ram_layout *layout,
		    const char *folder, struct savetool_error *err);

#endif
