/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words per page, in groups that are allocated when first used. */
#include "config.h"

#include "ram/page_words.h"

#include <stdlib.h>

#define GROUP_PAGES 4096

static uint64_t group_count(const struct page_words *words)
{
	return (words->count + GROUP_PAGES - 1) / GROUP_PAGES;
}

bool page_words_init(struct page_words *words, uint64_t count)
{
	words->count = count;
	words->groups = calloc(group_count(words) + 1, sizeof(*words->groups));
	return words->groups != NULL;
}

bool page_words_set(struct page_words *words, uint64_t page, uint64_t word)
{
	uint64_t **group = &words->groups[page / GROUP_PAGES];

	if (!*group && word == 0)
		return true;
	if (!*group)
		*group = calloc(GROUP_PAGES, sizeof(**group));
	if (!*group)
		return false;
	(*group)[page % GROUP_PAGES] = word;
	return true;
}

uint64_t page_words_get(const struct page_words *words, uint64_t page)
{
	return words->groups[page / GROUP_PAGES][page % GROUP_PAGES];
}

uint64_t page_words_find(const struct page_words *words, uint64_t from)
{
	while (from < words->count) {
		const uint64_t *group = words->groups[from / GROUP_PAGES];

		if (group && group[from % GROUP_PAGES])
			return from;
		from += group ? 1 : GROUP_PAGES - from % GROUP_PAGES;
	}
	return words->count;
}

void page_words_free(struct page_words *words)
{
	for (uint64_t i = 0; words->groups && i < group_count(words); i++)
		free(words->groups[i]);
	free(words->groups);
	*words = (struct page_words){ 0 };
}
