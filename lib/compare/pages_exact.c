/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of two mapped images, compared byte by byte. */
#include "config.h"

#include "compare/pages_internal.h"

#include "base/error.h"
#include "base/zero.h"

#include <stdlib.h>
#include <string.h>

struct exact_sink {
	struct page_sink base;
	struct comparison *comparison;
	struct exact *exact;
	struct block_pair *pairs;
	uint64_t page_size;
	uint8_t *buffer; /* CHUNK_SIZE bytes of the second image */
};

/* Pages in a row of the first image; data only if it is PAGE_DATA. */
struct piece {
	size_t index; /* of the pair */
	uint64_t page, pages;
	enum page_kind kind;
	const uint8_t *data;
};

static uint64_t first_word(const struct piece *piece)
{
	return piece->kind == PAGE_DATA ? WORD_DATA : WORD_NONE;
}

/* Pages that the second image does not have. */
static int compare_absent(struct exact_sink *sink, const struct piece *piece,
			  struct savetool_error *err)
{
	return comparison_add_pages(
		sink->comparison, piece->index, piece->page, piece->pages,
		difference_of(first_word(piece), WORD_NONE), err);
}

/* One page, whose bytes in the second image are these. */
static enum savetool_difference compare_page(const struct exact_sink *sink,
					     const struct piece *piece,
					     uint64_t at, const uint8_t *bytes)
{
	bool data = piece->kind == PAGE_DATA;
	uint64_t word = WORD_DATA;

	if (is_zero(bytes, sink->page_size))
		word = WORD_NONE;
	else if (data && memcmp(bytes, piece->data + at, sink->page_size) != 0)
		word++;
	return difference_of(first_word(piece), word);
}

/* At most as many as the buffer holds. */
static int compare_present(struct exact_sink *sink, const struct piece *piece,
			   struct savetool_error *err)
{
	const struct ram_block *block = sink->pairs[piece->index].second;
	const struct pass *pass = &sink->exact->second->pass;
	uint64_t size = piece->pages * sink->page_size;

	if (input_read_exactly(
		    pass->in, sink->buffer, size,
		    pass->stream.ram.headers[block->index].pages_offset +
			    piece->page * sink->page_size,
		    err) < 0)
		return fail_in_block(err, block->name);
	if (piece->kind == PAGE_DATA &&
	    memcmp(sink->buffer, piece->data, size) == 0)
		return comparison_add_pages(sink->comparison, piece->index,
					    piece->page, piece->pages,
					    SAVETOOL_SAME, err);
	for (uint64_t at = 0; at < size; at += sink->page_size)
		if (comparison_add_pages(
			    sink->comparison, piece->index,
			    piece->page + at / sink->page_size, 1,
			    compare_page(sink, piece, at, sink->buffer + at),
			    err) < 0)
			return -1;
	return 0;
}

/* The start of the piece that the second image has, or does not have. */
static struct piece part_of(const struct exact_sink *sink,
			    const struct piece *piece, bool *present)
{
	const struct ram_block *block = sink->pairs[piece->index].second;
	uint64_t end = piece->page + piece->pages;
	struct piece part = *piece;
	const struct bitmap *bitmap;

	*present = false;
	if (!block || piece->page >= block->length / sink->page_size)
		return part;
	bitmap = &sink->exact->second->pass.bitmaps[block->index];
	*present = bitmap_get(bitmap, piece->page);
	if (end > bitmap->bits)
		end = bitmap->bits;
	if (*present && end - piece->page > CHUNK_SIZE / sink->page_size)
		end = piece->page + CHUNK_SIZE / sink->page_size;
	part.pages = bitmap_find_before(bitmap, piece->page, end, !*present) -
		     piece->page;
	return part;
}

static int compare(struct exact_sink *sink, struct piece piece,
		   struct savetool_error *err)
{
	while (piece.pages > 0) {
		bool present;
		struct piece part = part_of(sink, &piece, &present);
		int result = present ? compare_present(sink, &part, err) :
				       compare_absent(sink, &part, err);

		if (result < 0)
			return -1;
		piece.page += part.pages;
		piece.pages -= part.pages;
		if (piece.data)
			piece.data += part.pages * sink->page_size;
	}
	return 0;
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct exact_sink *sink = (struct exact_sink *)base;

	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];
		const struct piece piece = {
			.index = run->block->index,
			.page = run->offset / sink->page_size,
			.pages = run->length / sink->page_size,
			.kind = run->kind,
			.data = run->kind == PAGE_DATA ? run->data : NULL,
		};

		if (compare(sink, piece, err) < 0)
			return -1;
	}
	return 0;
}

/* What is left are pages that only the second image can have. */
static int finish(struct page_sink *base, struct savetool_error *err)
{
	struct exact_sink *sink = (struct exact_sink *)base;

	for (size_t i = 0; i < sink->comparison->result.block_count; i++) {
		const struct block_pair *pair = &sink->pairs[i];
		uint64_t done =
			pair->first ? pair->first->length / sink->page_size : 0;
		const struct piece piece = {
			.index = i,
			.page = done,
			.pages = pair->pages - done,
			.kind = PAGE_ABSENT,
		};

		if (compare(sink, piece, err) < 0)
			return -1;
	}
	return 0;
}

static void sink_free(struct page_sink *base)
{
	struct exact_sink *sink = (struct exact_sink *)base;

	free(sink->pairs);
	free(sink->buffer);
	free(sink);
}

static const struct page_sink_ops ops = {
	.put = put,
	.finish = finish,
	.free = sink_free,
};

int exact_make(struct side *side, const struct ram_list *list,
	       struct savetool_error *err)
{
	struct exact *exact = side->owner;
	const struct ram_list *second = &exact->second->pass.stream.ram;
	struct exact_sink *sink;

	if (list->layout.page_size != second->layout.page_size)
		return 0;
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return fail_memory(err);
	sink->base.ops = &ops;
	side->sink = &sink->base;
	sink->comparison = exact->comparison;
	sink->exact = exact;
	sink->page_size = list->layout.page_size;
	sink->buffer = malloc(CHUNK_SIZE);
	if (!sink->buffer)
		return fail_memory(err);
	return pair_blocks(sink->comparison, &sink->pairs, &list->layout,
			   &second->layout, err);
}
