/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts pages: present, zero, superseded. */
#include "config.h"

#include "ram/count.h"

#include "base/bitmap.h"
#include "base/error.h"

#include <stdlib.h>

struct block_count {
	struct bitmap seen;   /* there is a record */
	struct bitmap stored; /* the last record has data */
	struct bitmap zero;   /* the last record is zero */
	struct page_counts counts;
};

struct count_sink {
	struct page_sink base;
	const struct ram_layout *layout;
	struct block_count *blocks;
};

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct count_sink *sink = (struct count_sink *)base;

	(void)err;
	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];
		struct block_count *block = &sink->blocks[run->block->index];
		uint64_t first = run->offset / sink->layout->page_size;
		uint64_t count = run->length / sink->layout->page_size;

		if (run->kind == PAGE_ABSENT)
			continue;
		block->counts.superseded +=
			bitmap_count(&block->seen, first, count);
		bitmap_set_range(&block->seen, first, count);
		bitmap_put_range(&block->stored, first, count,
				 run->data != NULL);
		bitmap_put_range(&block->zero, first, count,
				 run->data != NULL && run->kind == PAGE_ZERO);
	}
	return 0;
}

static int finish(struct page_sink *base, struct savetool_error *err)
{
	struct count_sink *sink = (struct count_sink *)base;

	(void)err;
	for (unsigned i = 0; i < sink->layout->count; i++) {
		struct block_count *block = &sink->blocks[i];

		block->counts.present =
			bitmap_count(&block->stored, 0, block->stored.bits);
		block->counts.zero =
			bitmap_count(&block->zero, 0, block->zero.bits);
	}
	return 0;
}

static void sink_free(struct page_sink *base)
{
	struct count_sink *sink = (struct count_sink *)base;

	for (unsigned i = 0; sink->blocks && i < sink->layout->count; i++) {
		bitmap_free(&sink->blocks[i].seen);
		bitmap_free(&sink->blocks[i].stored);
		bitmap_free(&sink->blocks[i].zero);
	}
	free(sink->blocks);
	free(sink);
}

static const struct page_sink_ops ops = {
	.put = put,
	.finish = finish,
	.free = sink_free,
};

static bool allocate(struct count_sink *sink)
{
	sink->blocks = calloc(sink->layout->count + 1, sizeof(*sink->blocks));
	for (unsigned i = 0; sink->blocks && i < sink->layout->count; i++) {
		struct block_count *block = &sink->blocks[i];
		uint64_t pages = sink->layout->blocks[i].length /
				 sink->layout->page_size;

		if (!bitmap_init(&block->seen, pages) ||
		    !bitmap_init(&block->stored, pages) ||
		    !bitmap_init(&block->zero, pages))
			return false;
	}
	return sink->blocks != NULL;
}

int count_sink_new(struct page_sink **result, const struct ram_layout *layout,
		   struct savetool_error *err)
{
	struct count_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return fail_memory(err);
	sink->base.ops = &ops;
	sink->layout = layout;
	if (!allocate(sink)) {
		sink_free(&sink->base);
		return fail_memory(err);
	}
	*result = &sink->base;
	return 0;
}

const struct page_counts *count_sink_result(const struct page_sink *base,
					    unsigned block)
{
	const struct count_sink *sink = (const struct count_sink *)base;

	return &sink->blocks[block].counts;
}
