/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the pages of a mapped-ram block from a stream, as they come. */
#include "config.h"

#include "base/error.h"
#include "base/zero.h"
#include "format/mapped.h"

#include <inttypes.h>

/* So many bytes of absent pages are looked at before progress is reported. */
#define ABSENT_MOST (UINT64_C(64) << 20)

static const struct ram_block *block_of(const struct mapped_forwards *source)
{
	return &source->list->layout.blocks[source->block];
}

/* The pages from here on that are all present, or all absent. */
static struct page_run next_run(const struct mapped_forwards *source,
				size_t space)
{
	const struct bitmap *bitmap = source->bitmap;
	uint64_t page_size = source->list->layout.page_size;
	uint64_t first = source->offset / page_size;
	bool present = bitmap_get(bitmap, first);
	uint64_t most = (present ? space : ABSENT_MOST) / page_size;
	uint64_t end = bitmap->bits;

	if (end - first > most)
		end = first + most;
	return (struct page_run){
		.block = block_of(source),
		.offset = source->offset,
		.length = (bitmap_find_before(bitmap, first, end, !present) -
			   first) *
			  page_size,
		.kind = present ? PAGE_DATA : PAGE_ABSENT,
	};
}

static void vote(struct mapped_forwards *source, uint64_t page, bool present,
		 const void *data)
{
	if (mapped_order_differs(source->bitmap, page))
		mapped_order_vote(
			&source->votes, present,
			is_zero(data, source->list->layout.page_size));
}

static int take_run(struct mapped_forwards *source, struct page_batch *batch,
		    struct page_run *run, size_t used,
		    struct savetool_error *err)
{
	uint64_t page_size = source->list->layout.page_size;
	uint8_t *data;

	if (!batch->chunks[0])
		batch->chunks[0] = chunk_take(source->reader->pool);
	data = batch->chunks[0]->data + used;
	if (reader_bytes(source->reader, data, run->length, err) < 0)
		return -1;
	run->data = data;
	for (uint64_t at = 0; at < run->length; at += page_size)
		vote(source, (run->offset + at) / page_size, true, data + at);
	return 0;
}

/* What is stored there does not count, but casts doubt on the bitmap. */
static int look_at_absent(struct mapped_forwards *source,
			  const struct page_run *run,
			  struct savetool_error *err)
{
	uint64_t page_size = source->list->layout.page_size;
	struct reader *reader = source->reader;

	for (uint64_t at = 0; at < run->length; at += page_size) {
		uint8_t page[RAM_PAGE_MOST];

		if (reader_bytes(reader, page, page_size, err) < 0)
			return -1;
		vote(source, (run->offset + at) / page_size, false, page);
		if (!is_zero(page, page_size))
			source->stale += page_size;
	}
	return 0;
}

static int next(struct page_source *base, struct page_batch *batch,
		struct savetool_error *err)
{
	struct mapped_forwards *source = (struct mapped_forwards *)base;
	uint64_t page_size = source->list->layout.page_size;
	const struct ram_block *block = block_of(source);
	size_t used = 0;

	while (source->offset < block->length &&
	       batch->count < BATCH_SOURCE_RUNS &&
	       CHUNK_SIZE - used >= page_size) {
		struct page_run run = next_run(source, CHUNK_SIZE - used);
		int failed = run.kind == PAGE_DATA ?
				     take_run(source, batch, &run, used, err) :
				     look_at_absent(source, &run, err);

		if (failed)
			return fail_in_block(err, block->name);
		if (run.kind == PAGE_DATA)
			used += run.length;
		page_batch_add(batch, &run);
		source->offset += run.length;
		/* Time to say how far it is. */
		if (run.length == ABSENT_MOST)
			break;
	}
	batch->progress = source->done + source->offset;
	return batch->count > 0;
}

static const struct page_source_ops ops = { .next = next };

void mapped_forwards_init(struct mapped_forwards *source,
			  const struct ram_list *list, unsigned block,
			  const struct bitmap *bitmap, struct reader *reader,
			  uint64_t done)
{
	*source = (struct mapped_forwards){
		.base = { .ops = &ops,
			  .layout = &list->layout,
			  .total = list->total },
		.reader = reader,
		.list = list,
		.bitmap = bitmap,
		.block = block,
		.done = done,
	};
}
