/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A 64-bit word for each page of a block, 0 at first.  A few bytes can claim
 * any amount of memory, so there is room only around those that were set.
 */
#ifndef RAM_PAGE_WORDS_H
#define RAM_PAGE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct page_words {
	uint64_t count;
	uint64_t **groups; /* NULL: all are 0 */
};

/* false: no memory. */
bool page_words_init(struct page_words *words, uint64_t count);
bool page_words_set(struct page_words *words, uint64_t page, uint64_t word);

/* Of a page that page_words_find() came to. */
uint64_t page_words_get(const struct page_words *words, uint64_t page);

/* The first page at or behind from whose word is not 0; count: there is none.
 */
uint64_t page_words_find(const struct page_words *words, uint64_t from);

void page_words_free(struct page_words *words);

#endif
