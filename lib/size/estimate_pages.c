/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The size of an image's pages, as records and in slots. */
#include "config.h"

#include "size/estimate_internal.h"

#include "base/error.h"
#include "format/sequential.h"
#include "image/allocation.h"

#include <stdlib.h>
#include <string.h>

int page_volume_init(struct page_volume *volume,
		     const struct ram_layout *layout,
		     struct savetool_error *err)
{
	*volume = (struct page_volume){
		.layout = layout,
		.blocks = calloc(layout->count + 1, sizeof(*volume->blocks)),
	};
	if (!volume->blocks)
		return fail_memory(err);
	for (unsigned i = 0; i < layout->count; i++) {
		struct block_volume *block = &volume->blocks[i];
		uint64_t pages = layout->blocks[i].length / layout->page_size;

		if (!bitmap_init(&block->seen, pages) ||
		    !bitmap_init(&block->stored, pages))
			return fail_memory(err);
	}
	return 0;
}

void page_volume_release(struct page_volume *volume)
{
	for (unsigned i = 0; volume->blocks && i < volume->layout->count; i++) {
		bitmap_free(&volume->blocks[i].seen);
		bitmap_free(&volume->blocks[i].stored);
	}
	free(volume->blocks);
	volume->blocks = NULL;
}

void page_volume_add(struct page_volume *volume, const struct page_run *run)
{
	struct block_volume *block = &volume->blocks[run->block->index];
	uint64_t page_size = volume->layout->page_size;
	uint64_t first = run->offset / page_size;
	uint64_t count = run->length / page_size;
	bool data = run->kind == PAGE_DATA || run->kind == PAGE_DELTA;

	if (volume->block != run->block)
		volume->name_bytes += 1 + strlen(run->block->name);
	volume->block = run->block;
	if (run->kind == PAGE_DATA)
		volume->data_bytes += count * (RECORD_HEAD + page_size);
	else if (run->kind == PAGE_DELTA)
		volume->data_bytes += DELTA_HEAD + run->delta_size;
	else
		volume->zero_bytes += count * ZERO_RECORD;
	if (run->kind == PAGE_ABSENT)
		return;
	bitmap_set_range(&block->seen, first, count);
	bitmap_put_range(&block->stored, first, count, data);
}

int page_volume_add_block(struct page_volume *volume, const struct pass *pass,
			  unsigned index, struct savetool_error *err)
{
	const struct bitmap *bitmap = &pass->bitmaps[index];
	uint64_t page_size = volume->layout->page_size, after;
	struct block_allocation allocation;
	uint64_t lost;

	for (uint64_t first = 0; first < bitmap->bits; first = after) {
		bool present = bitmap_get(bitmap, first);
		struct page_run run = {
			.block = &volume->layout->blocks[index],
			.offset = first * page_size,
			.kind = present ? PAGE_DATA : PAGE_ABSENT,
		};

		after = bitmap_find(bitmap, first, !present);
		run.length = (after - first) * page_size;
		page_volume_add(volume, &run);
	}
	if (allocation_of_block(&allocation, pass, index, err) < 0)
		return -1;
	/* Pages in a hole are read as zeros. */
	lost = allocation.lost_bytes / page_size;
	volume->blocks[index].lost = lost;
	volume->data_bytes -= lost * (RECORD_HEAD + page_size);
	volume->zero_bytes += lost * ZERO_RECORD;
	return 0;
}

static uint64_t seen_in(const struct block_volume *block)
{
	return bitmap_count(&block->seen, 0, block->seen.bits);
}

static uint64_t stored_in(const struct block_volume *block)
{
	return bitmap_count(&block->stored, 0, block->stored.bits) -
	       block->lost;
}

uint64_t page_volume_stored(const struct page_volume *volume)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < volume->layout->count; i++)
		pages += stored_in(&volume->blocks[i]);
	return pages;
}

uint64_t page_volume_least(const struct page_volume *volume)
{
	const struct ram_layout *layout = volume->layout;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < layout->count; i++) {
		uint64_t seen = seen_in(&volume->blocks[i]);
		uint64_t stored = stored_in(&volume->blocks[i]);

		if (seen > 0)
			bytes += 1 + strlen(layout->blocks[i].name);
		bytes += stored * (RECORD_HEAD + layout->page_size) +
			 (seen - stored) * ZERO_RECORD;
	}
	return bytes;
}

uint64_t page_volume_slots(const struct page_volume *volume)
{
	const struct ram_layout *layout = volume->layout;
	uint64_t pages = 0;

	for (unsigned i = 0; i < layout->count; i++) {
		const struct block_volume *block = &volume->blocks[i];

		pages += layout->blocks[i].prefilled ? seen_in(block) :
						       stored_in(block);
	}
	return pages * layout->page_size;
}
