/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A 64-bit word for each page of a block, 0 at first.  A few bytes of a file
 * can claim any amount of memory, so only groups with a word that was set are
 * allocated.
 */
#ifndef RAM_PAGE_WORDS_H
#define RAM_PAGE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct page_words {
	uint64_t count;
	uint64_t **groups; /* NULL: all words are 0 */
};

/* false: out of memory. */
bool page_words_init(struct page_words *words, uint64_t count);
bool page_words_set(struct page_words *words, uint64_t page, uint64_t word);

/* Only for a page that page_words_find() returned. */
uint64_t page_words_get(const struct page_words *words, uint64_t page);

/*
 * The first page from "from" on whose word is not 0, or count if there is none.
 */
uint64_t page_words_find(const struct page_words *words, uint64_t from);

void page_words_free(struct page_words *words);

#endif
