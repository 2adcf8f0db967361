/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the memory of two images.  The pages of a sequential image come in
 * any order, and one that comes again replaces the one before.  So a hash of
 * each page is kept, and the hashes are compared.  Two mapped images need no
 * hashes: when a page of the first image comes, that of the second can be read.
 */
#ifndef COMPARE_PAGES_H
#define COMPARE_PAGES_H

#include "compare/comparison.h"
#include "compare/side.h"
#include "ram/page_words.h"

/* For side->make_sink: a sink that keeps a hash of each page. */
int page_table_make(struct side *side, const struct ram_list *list,
		    struct savetool_error *err);

/*
 * Have all pages come whole?  Otherwise, some came only as changes (XBZRLE), so
 * their hashes are not known.
 */
bool page_table_is_final(const struct page_sink *sink);

/* Compares two such sinks that are finished. */
int page_tables_compare(struct comparison *comparison,
			const struct page_sink *first,
			const struct page_sink *second,
			struct savetool_error *err);

/*
 * For side->make_sink of the first image: a sink that compares each page with
 * that of the second image, which has been walked; or none, if the page sizes
 * differ.  The owner is a struct exact.
 */
struct exact {
	struct comparison *comparison;
	const struct side *second;
	bool failed; /* to read the second one */
};

int exact_make(struct side *side, const struct ram_list *list,
	       struct savetool_error *err);

#endif
