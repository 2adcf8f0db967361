/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes pages from a mapped-ram file, and never reads a hole. */
#include "config.h"

#include "base/error.h"
#include "format/mapped.h"

#include <inttypes.h>

static int check_bits(const struct bitmap *bitmap, const struct input *in,
		      const struct mapped_header *header, uint64_t pages,
		      uint64_t page_size, struct savetool_error *err)
{
	uint64_t space;

	if (bitmap_count(bitmap, pages, bitmap->size * 8 - pages) > 0)
		return fail_at(err, SAVETOOL_CORRUPT, header->bitmap_offset,
			       "bitmap has bits set past its last page");
	if (in->size == SAVETOOL_UNKNOWN)
		return 0;
	space = in->size > header->pages_offset ?
			(in->size - header->pages_offset) / page_size :
			0;
	if (space < pages && bitmap_count(bitmap, space, pages - space) > 0)
		return fail_at(err, SAVETOOL_INCOMPLETE, in->size,
			       "%" PRIu64
			       " pages are beyond the end of the image",
			       bitmap_count(bitmap, space, pages - space));
	return 0;
}

/* In our order, without strays if that is wanted. */
static void arrange(struct bitmap *bitmap, uint64_t pages, bool big_endian,
		    bool strays)
{
	if (big_endian)
		bitmap_swap(bitmap);
	if (strays)
		bitmap_clear_range(bitmap, pages, bitmap->size * 8 - pages);
}

/* From the input or, if there is one, the reader. */
static int read_bits(struct bitmap *bitmap, struct input *in,
		     struct reader *reader, uint64_t offset,
		     struct savetool_error *err)
{
	if (!reader)
		return input_read_exactly(in, bitmap->bytes, bitmap->size,
					  offset, err);
	if (reader_go(reader, offset, err) < 0)
		return -1;
	return reader_bytes(reader, bitmap->bytes, bitmap->size, err);
}

static int read_bitmap(struct bitmap *bitmap, struct input *in,
		       struct reader *reader, const struct ram_list *list,
		       unsigned index, bool big_endian, bool strays,
		       struct savetool_error *err)
{
	const struct ram_block *block = &list->layout.blocks[index];
	const struct mapped_header *header = &list->headers[index];
	uint64_t pages = block->length / list->layout.page_size;
	struct bitmap read;

	if (!bitmap_init(&read, pages))
		return fail_memory(err);
	if (header->pages_offset != 0) {
		if (read_bits(&read, in, reader, header->bitmap_offset, err) <
		    0)
			goto failed;
		arrange(&read, pages, big_endian, strays);
		if (check_bits(&read, in, header, pages, list->layout.page_size,
			       err) < 0)
			goto failed;
	}
	*bitmap = read;
	return 0;
failed:
	bitmap_free(&read);
	return fail_in_block(err, block->name);
}

int mapped_read_cut_bitmap(struct bitmap *bitmap, uint64_t *left,
			   struct input *in, const struct ram_list *list,
			   unsigned index, bool big_endian,
			   struct savetool_error *err)
{
	const struct ram_block *block = &list->layout.blocks[index];
	const struct mapped_header *header = &list->headers[index];
	uint64_t page_size = list->layout.page_size;
	uint64_t pages = block->length / page_size;

	if (!bitmap_init(bitmap, pages))
		return fail_memory(err);
	*left = 0;
	if (header->pages_offset == 0 || header->pages_offset >= in->size ||
	    header->bitmap_offset + bitmap->size > in->size)
		return 0;
	*left = (in->size - header->pages_offset) / page_size;
	if (*left > pages)
		*left = pages;
	if (read_bits(bitmap, in, NULL, header->bitmap_offset, err) < 0) {
		bitmap_free(bitmap);
		return fail_in_block(err, block->name);
	}
	arrange(bitmap, *left, big_endian, true);
	return 0;
}

int mapped_read_bitmap(struct bitmap *bitmap, struct input *in,
		       const struct ram_list *list, unsigned index,
		       bool big_endian, bool strays, struct savetool_error *err)
{
	return read_bitmap(bitmap, in, NULL, list, index, big_endian, strays,
			   err);
}

int mapped_take_bitmap(struct bitmap *bitmap, struct reader *reader,
		       const struct ram_list *list, unsigned index,
		       bool big_endian, bool strays, struct savetool_error *err)
{
	return read_bitmap(bitmap, reader->in, reader, list, index, big_endian,
			   strays, err);
}

/* The pages from here on that are all present, or all absent. */
static struct page_run next_run(const struct mapped_source *source)
{
	const struct ram_block *block =
		&source->list->layout.blocks[source->block];
	const struct bitmap *bitmap = &source->bitmaps[source->block];
	uint64_t page_size = source->list->layout.page_size;
	uint64_t first = source->offset / page_size;
	bool present = bitmap_get(bitmap, first);
	uint64_t end = bitmap->bits;

	/* Present pages are read a chunk at a time: no need to look further. */
	if (present && end - first > CHUNK_SIZE / page_size)
		end = first + CHUNK_SIZE / page_size;
	return (struct page_run){
		.block = block,
		.offset = source->offset,
		.length = (bitmap_find_before(bitmap, first, end, !present) -
			   first) *
			  page_size,
		.kind = present ? PAGE_DATA : PAGE_ABSENT,
	};
}

/* Makes extent the one that this byte of the file is in. */
static int look_at_extent(struct mapped_source *source, uint64_t offset,
			  struct savetool_error *err)
{
	const struct extent *extent = &source->extent;

	if (offset >= extent->offset &&
	    offset - extent->offset < extent->length)
		return 0;
	return input_extent(source->in, offset, &source->extent, err);
}

/*
 * Shortens a run of present pages to what the file has there, all in a hole or
 * all outside, and to the space left.
 */
static int fit_run(struct mapped_source *source, struct page_run *run,
		   size_t space, struct savetool_error *err)
{
	const struct mapped_header *header =
		&source->list->headers[source->block];
	uint64_t page_size = source->list->layout.page_size;
	uint64_t offset = header->pages_offset + run->offset, left;

	if (look_at_extent(source, offset, err) < 0)
		return -1;
	left = source->extent.offset + source->extent.length - offset;
	if (source->extent.hole && left >= page_size) {
		left -= left % page_size;
		run->kind = PAGE_ZERO;
		if (run->length > left)
			run->length = left;
		return 0;
	}
	/* A page that is partly a hole is read like any other. */
	if (source->extent.hole)
		left = page_size;
	if (left < space && left >= page_size)
		space = left;
	else if (left < page_size)
		space = space < page_size ? space : page_size;
	space -= space % page_size;
	if (run->length > space)
		run->length = space;
	return 0;
}

static int read_run(struct mapped_source *source, struct page_batch *batch,
		    struct page_run *run, size_t used,
		    struct savetool_error *err)
{
	const struct mapped_header *header =
		&source->list->headers[source->block];

	if (!batch->chunks[0])
		batch->chunks[0] = chunk_take(source->pool);
	run->data = batch->chunks[0]->data + used;
	if (input_read_exactly(source->in, batch->chunks[0]->data + used,
			       run->length, header->pages_offset + run->offset,
			       err) < 0)
		return fail_in_block(err, run->block->name);
	return 0;
}

static void advance(struct mapped_source *source, uint64_t length)
{
	const struct ram_layout *layout = &source->list->layout;

	source->offset += length;
	source->done += length;
	while (source->block < layout->count &&
	       source->offset == layout->blocks[source->block].length) {
		source->block++;
		source->offset = 0;
	}
}

static int next(struct page_source *base, struct page_batch *batch,
		struct savetool_error *err)
{
	struct mapped_source *source = (struct mapped_source *)base;
	uint64_t page_size = source->list->layout.page_size;
	size_t used = 0;

	while (source->block < source->list->layout.count &&
	       batch->count < BATCH_SOURCE_RUNS &&
	       CHUNK_SIZE - used >= page_size) {
		struct page_run run = next_run(source);

		if (run.kind == PAGE_DATA &&
		    fit_run(source, &run, CHUNK_SIZE - used, err) < 0)
			return -1;
		if (run.kind == PAGE_DATA) {
			if (read_run(source, batch, &run, used, err) < 0)
				return -1;
			used += run.length;
		}
		if (run.kind == PAGE_ZERO)
			source->lost += run.length;
		page_batch_add(batch, &run);
		advance(source, run.length);
	}
	batch->progress = source->done;
	return batch->count > 0;
}

static const struct page_source_ops ops = { .next = next };

void mapped_source_init(struct mapped_source *source,
			const struct ram_list *list,
			const struct bitmap *bitmaps, struct input *in,
			struct chunk_pool *pool)
{
	*source = (struct mapped_source){
		.base = { .ops = &ops,
			  .layout = &list->layout,
			  .total = list->layout.length },
		.list = list,
		.bitmaps = bitmaps,
		.in = in,
		.pool = pool,
	};
	advance(source, 0);
}

void mapped_source_read_holes(struct mapped_source *source)
{
	source->extent = (struct extent){ .length = UINT64_MAX };
}
