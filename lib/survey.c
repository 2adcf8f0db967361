/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps against storage. */
#include "config.h"

#include "survey.h"

static void add_lost(struct block_survey *survey, uint64_t offset,
		     uint64_t length)
{
	if (survey->lost_count < LOST_EXTENTS_KEPT)
		survey->lost[survey->lost_count] =
			(struct lost_extent){ offset, length };
	survey->lost_count++;
	survey->lost_bytes += length;
}

/*
 * The present pages of a hole.  A file system's blocks can be larger than
 * pages, never smaller than half of one that is only partly in the hole:
 * such a page has data.
 */
static void survey_hole(struct block_survey *survey,
			const struct bitmap *bitmap, uint64_t pages_offset,
			uint64_t page_size, uint64_t start, uint64_t end)
{
	uint64_t first = (start + page_size - 1) / page_size;
	uint64_t last = end / page_size;

	while ((first = bitmap_find(bitmap, first, true)) < last) {
		uint64_t behind = bitmap_find(bitmap, first, false);

		if (behind > last)
			behind = last;
		add_lost(survey, pages_offset + first * page_size,
			 (behind - first) * page_size);
		first = behind;
	}
}

/* Bytes of pages whose bit is clear, in a part of the block that has storage.
 */
static uint64_t stale_bytes(const struct bitmap *bitmap, uint64_t page_size,
			    uint64_t start, uint64_t end)
{
	uint64_t page = start / page_size, bytes = 0;

	while ((page = bitmap_find(bitmap, page, false)) < bitmap->bits &&
	       page * page_size < end) {
		uint64_t behind = bitmap_find(bitmap, page, true);
		uint64_t from = page * page_size, to = behind * page_size;

		bytes += (to < end ? to : end) - (from > start ? from : start);
		page = behind;
	}
	return bytes;
}

int survey_block(struct block_survey *survey, const struct st_image *image,
		 unsigned index, struct st_error *err)
{
	const struct ram_list *list = &image->stream.ram;
	uint64_t page_size = list->layout.page_size;
	uint64_t length = list->layout.blocks[index].length;
	uint64_t base = list->places[index].pages_offset, at = 0;
	const struct bitmap *bitmap = &image->bitmaps[index];

	*survey = (struct block_survey){
		.present = bitmap_count(bitmap, 0, bitmap->bits),
	};
	while (at < length) {
		struct extent extent;
		uint64_t end;

		if (input_extent(image_input(image), base + at, &extent, err) <
		    0)
			return -1;
		if (extent.length == 0)
			break;
		end = extent.length > length - at ? length : at + extent.length;
		if (extent.hole)
			survey_hole(survey, bitmap, base, page_size, at, end);
		else
			survey->stale_bytes +=
				stale_bytes(bitmap, page_size, at, end);
		at = end;
	}
	return 0;
}
