/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes pages to their places in a file. */
#include "config.h"

#include "base/bitmap.h"
#include "base/error.h"
#include "base/zero.h"
#include "io/gather.h"
#include "ram/delta.h"
#include "ram/places.h"

#include <stdlib.h>
#include <string.h>

/* Its places are in the order of their offsets. */
struct placed_block {
	const struct ram_place *places;
	size_t count;
	struct bitmap present; /* the last record has data */
	struct bitmap written; /* some record had */
};

struct placed_sink {
	struct page_sink base;
	struct output *out;
	const struct ram_layout *layout;
	struct ram_place *places;
	uint64_t *reaches; /* of each: the furthest end up to it, in a block */
	struct placed_block *blocks;
	bool used;

	struct gather gather; /* of pages that adjoin in the file */
};

/* Something to do for each piece of a run that has a place. */
typedef int (*piece_task)(struct placed_sink *sink, uint64_t to,
			  uint64_t skipped, uint64_t length, const void *data,
			  struct savetool_error *err);

static int put_piece(struct placed_sink *sink, uint64_t to, uint64_t skipped,
		     uint64_t length, const void *data,
		     struct savetool_error *err)
{
	return gather_put(&sink->gather, to, (const uint8_t *)data + skipped,
			  length, err);
}

static int punch_piece(struct placed_sink *sink, uint64_t to, uint64_t skipped,
		       uint64_t length, const void *data,
		       struct savetool_error *err)
{
	(void)skipped;
	(void)data;
	return output_punch(sink->out, to, length, err);
}

/* The first place of a block that may reach beyond an offset. */
static size_t first_place(const struct placed_sink *sink,
			  const struct placed_block *block, uint64_t offset)
{
	const uint64_t *reaches = &sink->reaches[block->places - sink->places];
	size_t from = 0, to = block->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (reaches[middle] <= offset)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int each_piece(struct placed_sink *sink, unsigned index, uint64_t offset,
		      uint64_t length, const void *data, piece_task task,
		      struct savetool_error *err)
{
	const struct placed_block *block = &sink->blocks[index];
	uint64_t end = offset + length;

	for (size_t i = first_place(sink, block, offset); i < block->count;
	     i++) {
		const struct ram_place *place = &block->places[i];
		uint64_t from = offset, until = place->offset + place->length;

		if (place->offset >= end)
			break;
		if (from < place->offset)
			from = place->offset;
		if (until > end)
			until = end;
		if (from < until &&
		    task(sink, place->to + (from - place->offset),
			 from - offset, until - from, data, err) < 0)
			return -1;
	}
	return 0;
}

static int put_data(struct placed_sink *sink, const struct page_run *run,
		    struct savetool_error *err)
{
	struct placed_block *block = &sink->blocks[run->block->index];
	uint64_t first = run->offset / sink->layout->page_size;
	uint64_t count = run->length / sink->layout->page_size;

	bitmap_set_range(&block->present, first, count);
	bitmap_set_range(&block->written, first, count);
	return each_piece(sink, run->block->index, run->offset, run->length,
			  run->data, put_piece, err);
}

static void put_zeros(struct placed_sink *sink, const struct page_run *run)
{
	uint64_t page_size = sink->layout->page_size;

	bitmap_clear_range(&sink->blocks[run->block->index].present,
			   run->offset / page_size, run->length / page_size);
}

/* Where the page can be read back; false: it has no place. */
static bool place_of_page(const struct placed_sink *sink,
			  const struct page_run *run, uint64_t *to)
{
	const struct placed_block *block = &sink->blocks[run->block->index];

	for (size_t i = first_place(sink, block, run->offset); i < block->count;
	     i++) {
		const struct ram_place *place = &block->places[i];

		if (place->offset > run->offset)
			break;
		if (run->offset - place->offset < place->length) {
			*to = place->to + (run->offset - place->offset);
			return true;
		}
	}
	return false;
}

/*
 * Applies XBZRLE to what the file has of the page.  It is written at once,
 * because its buffer is reused.
 */
static int put_delta(struct placed_sink *sink, const struct page_run *run,
		     struct savetool_error *err)
{
	uint8_t page[RAM_PAGE_MOST];
	struct page_run whole = *run;
	uint64_t page_size = sink->layout->page_size, to;

	if (!place_of_page(sink, run, &to))
		return 0;
	whole.kind = PAGE_DATA;
	whole.data = page;
	if (gather_flush(&sink->gather, err) < 0 ||
	    delta_resolve(page, page_size, run, sink->out,
			  bitmap_get(&sink->blocks[run->block->index].present,
				     run->offset / page_size),
			  to, err) < 0)
		return -1;
	if (is_zero(page, page_size)) {
		put_zeros(sink, &whole);
		return 0;
	}
	if (put_data(sink, &whole, err) < 0)
		return -1;
	return gather_flush(&sink->gather, err);
}

static int put_run(struct placed_sink *sink, const struct page_run *run,
		   struct savetool_error *err)
{
	switch (run->kind) {
	case PAGE_DATA:
		return put_data(sink, run, err);
	case PAGE_ZERO:
		put_zeros(sink, run);
		return 0;
	case PAGE_ABSENT:
		return 0; /* never written */
	case PAGE_DELTA:
		break;
	}
	return put_delta(sink, run, err);
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct placed_sink *sink = (struct placed_sink *)base;

	sink->used = true;
	for (unsigned i = 0; i < batch->count; i++)
		if (put_run(sink, &batch->runs[i], err) < 0)
			return -1;
	return gather_flush(&sink->gather, err);
}

/* Punches out pages that had data and became zero in a later record. */
static int punch_stale(struct placed_sink *sink, unsigned index,
		       struct savetool_error *err)
{
	struct placed_block *block = &sink->blocks[index];
	struct bitmap *stale = &block->written;
	uint64_t page_size = sink->layout->page_size, from = 0;

	for (uint64_t i = 0; i < stale->size; i++)
		stale->bytes[i] &= ~block->present.bytes[i];
	while ((from = bitmap_find(stale, from, true)) < stale->bits) {
		uint64_t end = bitmap_find(stale, from, false);

		if (each_piece(sink, index, from * page_size,
			       (end - from) * page_size, NULL, punch_piece,
			       err) < 0)
			return -1;
		from = end;
	}
	return 0;
}

static int finish(struct page_sink *base, struct savetool_error *err)
{
	struct placed_sink *sink = (struct placed_sink *)base;

	for (unsigned i = 0; i < sink->layout->count; i++)
		if (punch_stale(sink, i, err) < 0)
			return -1;
	return 0;
}

static void sink_free(struct page_sink *base)
{
	struct placed_sink *sink = (struct placed_sink *)base;

	for (unsigned i = 0; sink->blocks && i < sink->layout->count; i++) {
		bitmap_free(&sink->blocks[i].present);
		bitmap_free(&sink->blocks[i].written);
	}
	free(sink->blocks);
	free(sink->reaches);
	free(sink->places);
	free(sink);
}

static const struct page_sink_ops ops = {
	.put = put,
	.finish = finish,
	.free = sink_free,
};

static int compare(const void *one, const void *other)
{
	const struct ram_place *a = one, *b = other;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

/* Gives each block its places, which are sorted. */
static void divide(struct placed_sink *sink, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ram_place *place = &sink->places[i];
		struct placed_block *block = &sink->blocks[place->block];
		uint64_t reach = place->offset + place->length;

		if (block->count++ == 0)
			block->places = place;
		else if (reach < sink->reaches[i - 1])
			reach = sink->reaches[i - 1];
		sink->reaches[i] = reach;
	}
}

static int allocate(struct placed_sink *sink, const struct ram_places *places,
		    struct savetool_error *err)
{
	const struct ram_layout *layout = sink->layout;

	sink->places = calloc(places->count + 1, sizeof(*sink->places));
	sink->reaches = calloc(places->count + 1, sizeof(*sink->reaches));
	sink->blocks = calloc(layout->count + 1, sizeof(*sink->blocks));
	if (!sink->places || !sink->reaches || !sink->blocks)
		return fail_memory(err);
	for (unsigned i = 0; i < layout->count; i++) {
		uint64_t pages = layout->blocks[i].length / layout->page_size;

		sink->blocks[i].places = sink->places;
		if (!bitmap_init(&sink->blocks[i].present, pages) ||
		    !bitmap_init(&sink->blocks[i].written, pages))
			return fail_memory(err);
	}
	if (places->count > 0)
		memcpy(sink->places, places->list,
		       places->count * sizeof(*places->list));
	qsort(sink->places, places->count, sizeof(*sink->places), compare);
	divide(sink, places->count);
	return 0;
}

int placed_sink_new(struct page_sink **result, struct output *out,
		    const struct ram_layout *layout,
		    const struct ram_places *places, struct savetool_error *err)
{
	struct placed_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return fail_memory(err);
	sink->base.ops = &ops;
	sink->out = sink->gather.out = out;
	sink->layout = layout;
	if (allocate(sink, places, err) < 0) {
		sink_free(&sink->base);
		return -1;
	}
	*result = &sink->base;
	return 0;
}

bool placed_sink_is_used(const struct page_sink *base)
{
	return ((const struct placed_sink *)base)->used;
}
