/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The digest of memory, by XXH3: 64 bits of each page that is not zero; then,
 * for each block, 128 bits of these hashes with their offsets; then 128 bits of
 * the names, lengths and hashes of all blocks, by name.
 */
#include "config.h"

#include "ram/digest.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "ram/page_words.h"

#include <string.h>
#include <xxhash.h>

struct digest_sink {
	struct page_sink base;
	const struct ram_layout *layout;
	unsigned count; /* of its blocks that have the following */
	bool ordered;
	XXH3_state_t **blocks;    /* the hash of each */
	struct page_words *pages; /* a hash per page; NULL if ordered */
	bool has_deltas;          /* pages came as what had changed in them */
	uint64_t result[2];
	uint64_t (*sums)[2]; /* of each block, after finish */
};

static void fold_page(struct digest_sink *sink, unsigned block, uint64_t offset,
		      uint64_t hash)
{
	uint8_t bytes[16];

	put_be64(bytes, offset);
	put_be64(bytes + 8, hash);
	XXH3_128bits_update(sink->blocks[block], bytes, sizeof(bytes));
}

static int put_page(struct digest_sink *sink, const struct page_run *run,
		    uint64_t at, struct savetool_error *err)
{
	uint64_t page_size = sink->layout->page_size;
	uint64_t offset = run->offset + at, hash = 0;

	if (run->kind == PAGE_DATA)
		hash = XXH3_64bits(run->data + at, page_size);
	if (sink->pages)
		return page_words_set(&sink->pages[run->block->index],
				      offset / page_size, hash) ?
			       0 :
			       fail_memory(err);
	if (hash)
		fold_page(sink, run->block->index, offset, hash);
	return 0;
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct digest_sink *sink = (struct digest_sink *)base;

	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];

		if (run->kind == PAGE_DELTA)
			sink->has_deltas = true;
		if (run->kind != PAGE_DATA && !sink->pages)
			continue;
		for (uint64_t at = 0; at < run->length;
		     at += sink->layout->page_size)
			if (put_page(sink, run, at, err) < 0)
				return -1;
	}
	return 0;
}

static void fold_pages(struct digest_sink *sink, unsigned block)
{
	const struct page_words *hashes = &sink->pages[block];
	uint64_t page_size = sink->layout->page_size;

	for (uint64_t page = page_words_find(hashes, 0); page < hashes->count;
	     page = page_words_find(hashes, page + 1))
		fold_page(sink, block, page * page_size,
			  page_words_get(hashes, page));
}

static void fold_block(struct digest_sink *sink, const struct ram_block *block,
		       XXH3_state_t *all)
{
	XXH128_hash_t sum = XXH3_128bits_digest(sink->blocks[block->index]);
	uint8_t bytes[24];

	sink->sums[block->index][0] = sum.high64;
	sink->sums[block->index][1] = sum.low64;
	put_be64(bytes, block->length);
	put_be64(bytes + 8, sum.high64);
	put_be64(bytes + 16, sum.low64);
	XXH3_128bits_update(all, block->name, strlen(block->name) + 1);
	XXH3_128bits_update(all, bytes, sizeof(bytes));
}

static int compare_names(const void *a, const void *b)
{
	const struct ram_block *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int finish(struct page_sink *base, struct savetool_error *err)
{
	struct digest_sink *sink = (struct digest_sink *)base;
	unsigned count = sink->layout->count;
	cleanup_free const struct ram_block **order =
		calloc(count + 1, sizeof(*order));
	XXH3_state_t *all = XXH3_createState();
	XXH128_hash_t sum;

	sink->sums = calloc(count + 1, sizeof(*sink->sums));
	if (!order || !all || !sink->sums) {
		XXH3_freeState(all);
		return fail_memory(err);
	}
	XXH3_128bits_reset(all);
	for (unsigned i = 0; i < count; i++) {
		order[i] = &sink->layout->blocks[i];
		if (!sink->pages)
			continue;
		/* Freed at once: verification has a second sink. */
		fold_pages(sink, i);
		page_words_free(&sink->pages[i]);
	}
	qsort(order, count, sizeof(*order), compare_names);
	for (unsigned i = 0; i < count; i++)
		fold_block(sink, order[i], all);
	sum = XXH3_128bits_digest(all);
	XXH3_freeState(all);
	sink->result[0] = sum.high64;
	sink->result[1] = sum.low64;
	return 0;
}

static void sink_free(struct page_sink *base)
{
	struct digest_sink *sink = (struct digest_sink *)base;

	for (unsigned i = 0; i < sink->count; i++) {
		XXH3_freeState(sink->blocks[i]);
		if (sink->pages)
			page_words_free(&sink->pages[i]);
	}
	free(sink->sums);
	free(sink->blocks);
	free(sink->pages);
	free(sink);
}

static const struct page_sink_ops ops = {
	.put = put,
	.finish = finish,
	.free = sink_free,
};

/* Makes the arrays longer; what is in them stays. */
static int lengthen(struct digest_sink *sink, struct savetool_error *err)
{
	size_t count = sink->count + 1;
	void *blocks = reallocarray(sink->blocks, count, sizeof(*sink->blocks));
	void *pages = NULL;

	if (blocks)
		sink->blocks = blocks;
	if (!sink->ordered)
		pages = reallocarray(sink->pages, count, sizeof(*sink->pages));
	if (pages)
		sink->pages = pages;
	return blocks && (sink->ordered || pages) ? 0 : fail_memory(err);
}

int digest_sink_grow(struct page_sink *base, struct savetool_error *err)
{
	struct digest_sink *sink = (struct digest_sink *)base;
	unsigned i = sink->count;
	XXH3_state_t *state;

	if (lengthen(sink, err) < 0)
		return -1;
	state = XXH3_createState();
	if (!state)
		return fail_memory(err);
	if (!sink->ordered &&
	    !page_words_init(&sink->pages[i],
			     sink->layout->blocks[i].length /
				     sink->layout->page_size)) {
		XXH3_freeState(state);
		return fail_memory(err);
	}
	XXH3_128bits_reset(state);
	sink->blocks[i] = state;
	sink->count++;
	return 0;
}

int digest_sink_new(struct page_sink **result, const struct ram_layout *layout,
		    bool ordered, struct savetool_error *err)
{
	struct digest_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return fail_memory(err);
	sink->base.ops = &ops;
	sink->layout = layout;
	sink->ordered = ordered;
	for (unsigned i = 0; i < layout->count; i++)
		if (digest_sink_grow(&sink->base, err) < 0) {
			sink_free(&sink->base);
			return -1;
		}
	*result = &sink->base;
	return 0;
}

void digest_sink_result(const struct page_sink *base, uint64_t digest[2])
{
	const struct digest_sink *sink = (const struct digest_sink *)base;

	memcpy(digest, sink->result, sizeof(sink->result));
}

void digest_sink_block(const struct page_sink *base, unsigned block,
		       uint64_t digest[2])
{
	const struct digest_sink *sink = (const struct digest_sink *)base;

	memcpy(digest, sink->sums[block], sizeof(sink->sums[block]));
}

bool digest_sink_is_final(const struct page_sink *base)
{
	return !((const struct digest_sink *)base)->has_deltas;
}
