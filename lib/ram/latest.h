/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages that come several times, or as what changed in them, settled to what
 * they are in the end.  That takes two walks: the first finds out which version
 * of each page is its last; on the second, all others are passed over, and
 * changes are applied.
 */
#ifndef RAM_LATEST_H
#define RAM_LATEST_H

#include "ram/page.h"

/*
 * What the first walk found: eight bytes a page; on the second, a bit a
 * version.
 */
struct latest;

int latest_new(struct latest **latest, struct savetool_error *err);

/* NULL is fine. */
void latest_free(struct latest *latest);

/*
 * Behind the second walk: have the same pages come as on the first, in that
 * order? If not, the image is another one by now, and what was passed on is
 * neither.
 */
int latest_check(const struct latest *latest, struct savetool_error *err);

/* A sink for the first walk, which stays the caller's to free. */
int latest_tally(struct latest *latest, struct page_sink **sink,
		 const struct ram_layout *layout, struct savetool_error *err);

/*
 * A sink for the second walk, of the same pages in the same order, that
 * passes each page on once, to another, which stays the caller's, and is
 * finished by it.  Pages with changes are kept in a file without a name in
 * folder meanwhile.
 */
int latest_sink_new(struct page_sink **sink, struct latest *latest,
		    struct page_sink *to, const struct ram_layout *layout,
		    const char *folder, struct savetool_error *err);

#endif
