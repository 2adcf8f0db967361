/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory compared by the hashes of its pages. */
#include "config.h"

#include "compare/pages_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>
#include <xxhash.h>

struct page_table {
	struct page_sink base;
	const struct ram_layout *layout;
	struct page_words *blocks;
	bool has_deltas;
};

static uint64_t word_of(const struct page_run *run, uint64_t at,
			uint64_t page_size)
{
	uint64_t hash;

	if (run->kind != PAGE_DATA)
		return WORD_NONE;
	hash = XXH3_64bits(run->data + at, page_size);
	return hash < WORD_DATA ? hash + WORD_DATA : hash;
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct page_table *table = (struct page_table *)base;
	uint64_t page_size = table->layout->page_size;

	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];
		struct page_words *words = &table->blocks[run->block->index];

		if (run->kind == PAGE_DELTA)
			table->has_deltas = true;
		/* Nothing comes before or after it. */
		if (run->kind == PAGE_ABSENT)
			continue;
		for (uint64_t at = 0; at < run->length; at += page_size)
			if (!page_words_set(words,
					    (run->offset + at) / page_size,
					    word_of(run, at, page_size)))
				return fail_memory(err);
	}
	return 0;
}

static void table_free(struct page_sink *base)
{
	struct page_table *table = (struct page_table *)base;

	for (unsigned i = 0; table->blocks && i < table->layout->count; i++)
		page_words_free(&table->blocks[i]);
	free(table->blocks);
	free(table);
}

static const struct page_sink_ops ops = { .put = put, .free = table_free };

int page_table_make(struct side *side, const struct ram_list *list,
		    struct savetool_error *err)
{
	const struct ram_layout *layout = &list->layout;
	struct page_table *table = calloc(1, sizeof(*table));

	if (!table)
		return fail_memory(err);
	table->base.ops = &ops;
	table->layout = layout;
	side->sink = &table->base;
	table->blocks = calloc(layout->count + 1, sizeof(*table->blocks));
	if (!table->blocks)
		return fail_memory(err);
	for (unsigned i = 0; i < layout->count; i++)
		if (!page_words_init(&table->blocks[i],
				     layout->blocks[i].length /
					     layout->page_size))
			return fail_memory(err);
	return 0;
}

bool page_table_is_final(const struct page_sink *sink)
{
	return !((const struct page_table *)sink)->has_deltas;
}

static struct block_pair pair_of(const struct ram_block *first,
				 const struct ram_block *second,
				 uint64_t page_size)
{
	uint64_t a = first ? first->length : 0, b = second ? second->length : 0;

	return (struct block_pair){
		.first = first,
		.second = second,
		.pages = (a > b ? a : b) / page_size,
	};
}

static int describe_pair(struct savetool_compared_block *block,
			 const struct block_pair *pair,
			 struct savetool_error *err)
{
	const struct ram_block *first = pair->first, *second = pair->second;

	block->name = strdup(first ? first->name : second->name);
	if (!block->name)
		return fail_memory(err);
	block->first_length = first ? first->length : SAVETOOL_UNKNOWN;
	block->second_length = second ? second->length : SAVETOOL_UNKNOWN;
	block->pages = pair->pages;
	return 0;
}

int pair_blocks(struct comparison *comparison, struct block_pair **result,
		const struct ram_layout *first, const struct ram_layout *second,
		struct savetool_error *err)
{
	cleanup_free struct block_pair *pairs =
		calloc(first->count + second->count + 1, sizeof(*pairs));
	size_t count = 0;

	if (!pairs)
		return fail_memory(err);
	for (unsigned i = 0; i < first->count; i++) {
		const struct ram_block *block = &first->blocks[i];

		pairs[count++] =
			pair_of(block, ram_layout_find(second, block->name),
				first->page_size);
	}
	for (unsigned i = 0; i < second->count; i++)
		if (!ram_layout_find(first, second->blocks[i].name))
			pairs[count++] = pair_of(NULL, &second->blocks[i],
						 first->page_size);
	if (comparison_set_blocks(comparison, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct savetool_compared_block *block = &comparison->blocks[i];

		if (describe_pair(block, &pairs[i], err) < 0)
			return -1;
		if (block->first_length != block->second_length)
			comparison->result.same = false;
	}
	*result = steal(pairs);
	return 0;
}

/* A page whose word is not 0, and where the next one is. */
struct cursor {
	const struct page_words *words; /* NULL: there is no such block */
	uint64_t page;
};

static void seek(struct cursor *cursor, uint64_t from)
{
	if (!cursor->words || from >= cursor->words->count)
		cursor->page = UINT64_MAX;
	else if (cursor->page < from || from == 0)
		cursor->page = page_words_find(cursor->words, from);
	if (cursor->words && cursor->page >= cursor->words->count)
		cursor->page = UINT64_MAX;
}

static uint64_t word_at(const struct cursor *cursor, uint64_t page)
{
	return cursor->page == page ? page_words_get(cursor->words, page) :
				      WORD_NONE;
}

static int compare_block(struct comparison *comparison, size_t index,
			 const struct page_table *first,
			 const struct page_table *second,
			 const struct block_pair *pair,
			 struct savetool_error *err)
{
	struct cursor a = { 0 }, b = { 0 };
	uint64_t from = 0, page;

	if (pair->first)
		a.words = &first->blocks[pair->first->index];
	if (pair->second)
		b.words = &second->blocks[pair->second->index];
	for (;;) {
		seek(&a, from);
		seek(&b, from);
		page = a.page < b.page ? a.page : b.page;
		if (page == UINT64_MAX)
			break;
		comparison->blocks[index].same += page - from;
		if (comparison_add_pages(
			    comparison, index, page, 1,
			    difference_of(word_at(&a, page), word_at(&b, page)),
			    err) < 0)
			return -1;
		from = page + 1;
	}
	comparison->blocks[index].same += pair->pages - from;
	return 0;
}

int page_tables_compare(struct comparison *comparison,
			const struct page_sink *first_sink,
			const struct page_sink *second_sink,
			struct savetool_error *err)
{
	const struct page_table *first = (const struct page_table *)first_sink;
	const struct page_table *second =
		(const struct page_table *)second_sink;
	cleanup_free struct block_pair *pairs = NULL;

	if (pair_blocks(comparison, &pairs, first->layout, second->layout,
			err) < 0)
		return -1;
	for (size_t i = 0; i < comparison->result.block_count; i++)
		if (compare_block(comparison, i, first, second, &pairs[i],
				  err) < 0)
			return -1;
	return 0;
}
