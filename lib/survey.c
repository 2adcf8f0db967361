/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps against storage. */
#include "config.h"

#include "survey.h"

#include "base/zero.h"

/* Read at once, where it matters whether anything is there. */
#define LOOK_SIZE 65536

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

	while ((first = bitmap_find_before(bitmap, first, last, true)) < last) {
		uint64_t behind =
			bitmap_find_before(bitmap, first, last, false);

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
	uint64_t last = (end + page_size - 1) / page_size;

	while ((page = bitmap_find_before(bitmap, page, last, false)) < last) {
		uint64_t behind = bitmap_find_before(bitmap, page, last, true);
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

/* Is any byte of this part of the file not zero?  Holes are not read. */
static int has_data(bool *found, struct input *in, uint64_t start, uint64_t end,
		    struct st_error *err)
{
	uint8_t bytes[LOOK_SIZE];
	struct extent extent = { 0 };
	size_t got = 0;

	*found = false;
	for (uint64_t at = start; at < end && !*found; at += got) {
		uint64_t left;

		if (at >= extent.offset + extent.length &&
		    input_extent(in, at, &extent, err) < 0)
			return -1;
		left = extent.offset + extent.length - at;
		if (left == 0)
			break;
		if (left > end - at)
			left = end - at;
		got = left;
		if (extent.hole)
			continue;
		if (left > sizeof(bytes))
			left = sizeof(bytes);
		if (input_read_all(in, bytes, left, at, &got, err) < 0)
			return -1;
		if (got == 0)
			break;
		*found = !is_zero(bytes, got);
	}
	return 0;
}

/*
 * Is there data in the places of absent pages whose bits are in these bytes of
 * the bitmap?  Of a big-endian host's words, bytes have changed places.
 */
static int hides_data(bool *found, const struct st_image *image, unsigned index,
		      uint64_t first_byte, uint64_t end_byte,
		      struct st_error *err)
{
	const struct ram_list *list = &image->stream.ram;
	const struct bitmap *bitmap = &image->bitmaps[index];
	uint64_t base = list->places[index].pages_offset;
	uint64_t page_size = list->layout.page_size, page, end;

	if (image->big_endian) {
		first_byte = first_byte / 8 * 8;
		end_byte = (end_byte + 7) / 8 * 8;
	}
	*found = false;
	page = first_byte * 8;
	end = end_byte * 8 < bitmap->bits ? end_byte * 8 : bitmap->bits;
	while (!*found &&
	       (page = bitmap_find_before(bitmap, page, end, false)) < end) {
		uint64_t behind = bitmap_find_before(bitmap, page, end, true);

		if (has_data(found, image_input(image), base + page * page_size,
			     base + behind * page_size, err) < 0)
			return -1;
		page = behind;
	}
	return 0;
}

int survey_bitmap(struct lost_extent *lost, const struct st_image *image,
		  unsigned index, uint64_t from, struct st_error *err)
{
	const struct mapped_place *place = &image->stream.ram.places[index];
	uint64_t start = place->bitmap_offset;
	uint64_t end = start + image->bitmaps[index].size;

	if (place->pages_offset == 0 || !image_has_own_holes(image))
		return 0;
	for (uint64_t at = from > start ? from : start, behind; at < end;
	     at = behind) {
		struct extent extent;
		bool found = false;

		if (input_extent(image_input(image), at, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			return 0;
		behind = extent.length > end - at ? end : at + extent.length;
		if (extent.hole && hides_data(&found, image, index, at - start,
					      behind - start, err) < 0)
			return -1;
		if (found) {
			*lost = (struct lost_extent){ at, behind - at };
			return 1;
		}
	}
	return 0;
}

bool survey_is_empty(const struct st_image *image)
{
	for (unsigned i = 0; i < image->bitmap_count; i++)
		if (bitmap_find(&image->bitmaps[i], 0, true) <
		    image->bitmaps[i].bits)
			return false;
	return true;
}

int survey_emptied(bool *emptied, const struct st_image *image, unsigned index,
		   bool all_empty, struct st_error *err)
{
	const struct ram_list *list = &image->stream.ram;
	const struct bitmap *bitmap = &image->bitmaps[index];

	*emptied = false;
	if (list->places[index].pages_offset == 0 ||
	    (list->layout.blocks[index].prefilled && !all_empty) ||
	    bitmap_find(bitmap, 0, true) < bitmap->bits)
		return 0;
	return hides_data(emptied, image, index, 0, bitmap->size, err);
}
