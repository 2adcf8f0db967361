/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of pages, in stretches. */
#include "config.h"

#include "ram/page_words.h"

#include <stdlib.h>

#define STRETCH_PAGES 4096

static uint64_t stretch_count(const struct page_words *words)
{
	return (words->count + STRETCH_PAGES - 1) / STRETCH_PAGES;
}

bool page_words_init(struct page_words *words, uint64_t count)
{
	words->count = count;
	words->stretches =
		calloc(stretch_count(words) + 1, sizeof(*words->stretches));
	return words->stretches != NULL;
}

bool page_words_set(struct page_words *words, uint64_t page, uint64_t word)
{
	uint64_t **stretch = &words->stretches[page / STRETCH_PAGES];

	if (!*stretch && word == 0)
		return true;
	if (!*stretch)
		*stretch = calloc(STRETCH_PAGES, sizeof(**stretch));
	if (!*stretch)
		return false;
	(*stretch)[page % STRETCH_PAGES] = word;
	return true;
}

uint64_t page_words_get(const struct page_words *words, uint64_t page)
{
	return words->stretches[page / STRETCH_PAGES][page % STRETCH_PAGES];
}

uint64_t page_words_find(const struct page_words *words, uint64_t from)
{
	while (from < words->count) {
		const uint64_t *stretch =
			words->stretches[from / STRETCH_PAGES];

		if (stretch && stretch[from % STRETCH_PAGES])
			return from;
		from += stretch ? 1 : STRETCH_PAGES - from % STRETCH_PAGES;
	}
	return words->count;
}

void page_words_free(struct page_words *words)
{
	for (uint64_t i = 0; words->stretches && i < stretch_count(words); i++)
		free(words->stretches[i]);
	free(words->stretches);
	*words = (struct page_words){ 0 };
}
