/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by both ways to compare pages. */
#ifndef COMPARE_PAGES_INTERNAL_H
#define COMPARE_PAGES_INTERNAL_H

#include "compare/pages.h"

/* What a page is, as a word: 0 if it is zero or left out, otherwise larger. */
#define WORD_NONE 0
#define WORD_DATA 1

static inline enum savetool_difference difference_of(uint64_t first,
						     uint64_t second)
{
	if (first == second)
		return SAVETOOL_SAME;
	if (second == WORD_NONE)
		return SAVETOOL_ONLY_FIRST;
	return first == WORD_NONE ? SAVETOOL_ONLY_SECOND : SAVETOOL_DIFFERS;
}

/*
 * The blocks of both images: first those of the first image, in its order, then
 * those that only the second image has.
 */
struct block_pair {
	const struct ram_block *first, *second; /* NULL: it has none */
	uint64_t pages;                         /* of the longer one */
};

/* *pairs has as many as the comparison has blocks, and is the caller's. */
int pair_blocks(struct comparison *comparison, struct block_pair **pairs,
		const struct ram_layout *first, const struct ram_layout *second,
		struct savetool_error *err);

#endif
