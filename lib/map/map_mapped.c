/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps a mapped-ram image: bitmaps and storage, compared with each other. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"
#include "image/allocation.h"
#include "map/map.h"
#include "walk/walk.h"

#include <stdlib.h>
#include <string.h>

/* How much is read at once to find zero pages. */
#define SCAN_SIZE (UINT64_C(1) << 20)

/* The slots of the block that the map is in. */
struct slots {
	const struct ram_block *block;
	uint64_t start; /* in the file */
	uint64_t page_size;
	uint8_t *buffer; /* SCAN_SIZE, if zero pages are looked for */
};

static struct savetool_extent piece_of(const struct map *map,
				       const struct slots *slots,
				       enum savetool_extent_type type,
				       uint64_t length)
{
	uint64_t from = map->at - slots->start, page_size = slots->page_size;

	return (struct savetool_extent){
		.length = length,
		.type = type,
		.allocated = type != SAVETOOL_EXTENT_HOLE &&
			     type != SAVETOOL_EXTENT_LOST,
		.present = type != SAVETOOL_EXTENT_HOLE &&
			   type != SAVETOOL_EXTENT_UNWRITTEN &&
			   type != SAVETOOL_EXTENT_STALE,
		.block = slots->block->name,
		.page = from / page_size,
		.pages = (from + length + page_size - 1) / page_size -
			 (from + page_size - 1) / page_size,
		.instance = SAVETOOL_UNKNOWN,
	};
}

/* Maps whole pages with storage, some of which may be zero. */
static int scan_pages(struct map *map, const struct slots *slots,
		      uint64_t length, struct savetool_error *err)
{
	uint64_t end = map->at + length, page_size = slots->page_size;

	while (map->at < end) {
		uint64_t size =
			end - map->at < SCAN_SIZE ? end - map->at : SCAN_SIZE;

		if (input_read_exactly(map->in, slots->buffer, size, map->at,
				       err) < 0)
			return -1;
		for (uint64_t i = 0; i < size; i += page_size) {
			bool zero = is_zero(slots->buffer + i, page_size);

			if (map_put(map,
				    piece_of(map, slots,
					     zero ? SAVETOOL_EXTENT_ZERO :
						    SAVETOOL_EXTENT_PAGE_DATA,
					     page_size),
				    err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Maps present pages without storage, which read as zeros. */
static int map_hole(struct map *map, const struct slots *slots, uint64_t length,
		    bool unwritten, struct savetool_error *err)
{
	struct savetool_extent piece = piece_of(
		map, slots,
		map->copied ? SAVETOOL_EXTENT_ZERO : SAVETOOL_EXTENT_LOST,
		length);

	piece.allocated = unwritten;
	return map_put(map, piece, err);
}

/*
 * Maps present pages as long as all are stored, or none is.  A page that is
 * only partly in a hole has data and is not lost: a file system's blocks can be
 * smaller than pages, or larger.
 */
static int map_present(struct map *map, const struct slots *slots, uint64_t end,
		       struct savetool_error *err)
{
	uint64_t page_size = slots->page_size, whole, left;
	struct savetool_extent piece;
	struct extent storage;
	bool unwritten;

	if (map_storage(map, end, &storage, &unwritten, err) < 0)
		return -1;
	left = (map->at - slots->start) % page_size;
	whole = storage.length - storage.length % page_size;
	if (left == 0 && whole > 0 && storage.hole)
		return map_hole(map, slots, whole, unwritten, err);
	if (left == 0 && whole > 0 && map->scan)
		return scan_pages(map, slots, whole, err);
	if (storage.hole && storage.length > page_size - left)
		storage.length = page_size - left;
	if (map->scan && left > 0 && storage.length > page_size - left)
		storage.length = page_size - left;
	piece = piece_of(map, slots, SAVETOOL_EXTENT_PAGE_DATA, storage.length);
	piece.allocated = !storage.hole || unwritten;
	return map_put(map, piece, err);
}

static int map_absent(struct map *map, const struct slots *slots, uint64_t end,
		      struct savetool_error *err)
{
	enum savetool_extent_type type = SAVETOOL_EXTENT_STALE;
	struct extent storage;
	bool unwritten;

	if (map_storage(map, end, &storage, &unwritten, err) < 0)
		return -1;
	if (storage.hole)
		type = unwritten ? SAVETOOL_EXTENT_UNWRITTEN :
				   SAVETOOL_EXTENT_HOLE;
	return map_put(map, piece_of(map, slots, type, storage.length), err);
}

int map_pages(struct map *map, const struct ram_block *block,
	      const struct bitmap *bitmap, uint64_t page_size,
	      struct savetool_error *err)
{
	cleanup_free uint8_t *buffer = map->scan ? malloc(SCAN_SIZE) : NULL;
	const struct slots slots = { block, map->at, page_size, buffer };

	if (map->scan && !buffer)
		return fail_memory(err);
	for (uint64_t first = 0, after; first < bitmap->bits; first = after) {
		bool present = bitmap_get(bitmap, first);
		uint64_t end;

		after = bitmap_find(bitmap, first, !present);
		end = slots.start + after * page_size;
		while (map->at < end)
			if ((present ? map_present : map_absent)(map, &slots,
								 end, err) < 0)
				return -1;
	}
	return 0;
}

/* A part of the file that is known from the stream. */
struct part {
	uint64_t start, length;
	enum savetool_extent_type
		type; /* SAVETOOL_EXTENT_PAGE_DATA: its slots */
	const struct ram_block *block;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/*
 * Lists everything but the devices.  The stream continues after each block's
 * pages.
 */
static unsigned collect_parts(const struct pass *pass, struct part *parts)
{
	const struct ram_list *list = &pass->stream.ram;
	uint64_t at = image_payload_offset(pass->image);
	unsigned count = 0;

	for (unsigned i = 0; i < list->layout.count; i++) {
		const struct ram_block *block = &list->layout.blocks[i];
		const struct mapped_header *header = &list->headers[i];

		/* Before the block's header, after the previous block. */
		parts[count++] = (struct part){ at, header->header_offset - at,
						SAVETOOL_EXTENT_STREAM, NULL };
		parts[count++] = (struct part){ header->header_offset,
						header->header_length,
						SAVETOOL_EXTENT_STREAM, block };
		at = header->header_offset + header->header_length;
		if (header->pages_offset == 0)
			continue;
		parts[count++] = (struct part){ header->bitmap_offset,
						pass->bitmaps[i].size,
						SAVETOOL_EXTENT_BITMAP, block };
		parts[count++] =
			(struct part){ header->pages_offset, block->length,
				       SAVETOOL_EXTENT_PAGE_DATA, block };
		at = header->pages_offset + block->length;
	}
	parts[count++] = (struct part){ at, pass->tail->offset - at,
					SAVETOOL_EXTENT_STREAM, NULL };
	parts[count++] = (struct part){ pass->tail->offset, pass->tail->size,
					SAVETOOL_EXTENT_DEVICE, NULL };
	return count;
}

static int look_for_copy(struct map *map, unsigned block,
			 struct savetool_error *err)
{
	struct block_allocation allocation;
	struct allocation total;

	if (allocation_of_block(&allocation, map->pass, block, err) < 0)
		return -1;
	map->copied = false;
	if (allocation.lost_count == 0)
		return 0;
	if (allocation_total(&total, map->pass, err) < 0)
		return -1;
	map->copied = allocation_is_copied(&total, &allocation);
	return 0;
}

static int map_part(struct map *map, const struct part *part,
		    struct savetool_error *err)
{
	const struct pass *pass = map->pass;
	const struct savetool_extent what = {
		.type = part->type,
		.block = part->block ? part->block->name : NULL,
		MAP_NOTHING,
	};

	switch (part->type) {
	case SAVETOOL_EXTENT_PAGE_DATA:
		if (look_for_copy(map, part->block->index, err) < 0)
			return -1;
		return map_pages(map, part->block,
				 &pass->bitmaps[part->block->index],
				 pass->stream.ram.layout.page_size, err);
	case SAVETOOL_EXTENT_DEVICE:
		return map_tail(map, pass->tail, err);
	default:
		return map_add(map, &what, part->length, err);
	}
}

/* Maps what is between two parts, or after the last. */
static int map_gap(struct map *map, uint64_t end, struct savetool_error *err)
{
	const struct tail *tail = map->pass->tail;

	return map_add_to(map,
			  map->at < tail->offset ? SAVETOOL_EXTENT_PADDING :
						   SAVETOOL_EXTENT_TRAILING,
			  end, err);
}

static int map_parts(struct map *map, const struct part *parts, unsigned count,
		     struct savetool_error *err)
{
	for (unsigned i = 0; i < count; i++)
		if (parts[i].length > 0 &&
		    (map_gap(map, parts[i].start, err) < 0 ||
		     map_part(map, &parts[i], err) < 0))
			return -1;
	return map_gap(map, map->in->size, err);
}

int map_mapped_read(struct map *map, struct savetool_error *err)
{
	static const struct visitor_ops ops = { 0 };
	struct visitor nobody = { .ops = &ops };

	return walk(map->pass, &nobody, NULL, err);
}

int map_mapped(struct map *map, struct savetool_error *err)
{
	const struct pass *pass = map->pass;
	cleanup_free struct part *parts = NULL;
	unsigned count;

	parts = calloc(4 * (size_t)pass->stream.ram.layout.count + 2,
		       sizeof(*parts));
	if (!parts)
		return fail_memory(err);
	count = collect_parts(pass, parts);
	qsort(parts, count, sizeof(*parts), compare_parts);
	return map_parts(map, parts, count, err);
}
