/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds what needs no storage, and makes holes of it. */
#include "config.h"

#include "dig.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "scan.h"
#include "space.h"

#include <inttypes.h>

/* How often progress is told; and asked, whether somebody waits. */
#define STRIDE (UINT64_C(4) << 20)

/*
 * Made into a hole at once: neither who waits for the file, nor who wants it
 * to end, waits long.
 */
#define PIECE (UINT64_C(256) << 20)

/* A stretch of the file, or of one block's pages, as numbers of them. */
struct range {
	uint64_t start, end;
};

struct digger {
	struct dig *dig;
	const struct st_monitor *monitor;
	struct input *in;
	struct scan *scan;
	struct extent extent; /* that was looked at last */
	uint64_t end;         /* of the image */
	uint64_t block_size;  /* of the file system */
	uint64_t told;        /* of progress */

	struct range hole; /* found, but not made yet */

	/* The block that the hole is of; its bits. */
	unsigned block;
	struct range dirty; /* bits that were cleared, but not written yet */
	bool *changed;      /* of a copy: bitmaps, one a block */
};

/* Whether to go on, although it is no further than it was. */
static int ask(const struct digger *digger, struct st_error *err)
{
	const struct st_monitor *monitor = digger->monitor;

	if (!monitor ||
	    monitor->progress(monitor->data, digger->told, digger->end) == 0)
		return 0;
	return fail(err, ST_CANCELLED, "cancelled");
}

static int tell(struct digger *digger, uint64_t offset, struct st_error *err)
{
	if (offset < digger->told + STRIDE)
		return 0;
	digger->told = offset;
	return ask(digger, err);
}

/* Of this block, the words that hold these bits, as the file has them. */
static int write_words(struct digger *digger, unsigned block,
		       const struct range *bits, struct st_error *err)
{
	const struct st_image *image = digger->dig->image;
	const struct bitmap *bitmap = &image->bitmaps[block];
	uint64_t first = bits->start / 64 * 8;
	uint64_t size = (bits->end + 63) / 64 * 8 - first;
	uint64_t offset = image->stream.ram.places[block].bitmap_offset + first;
	cleanup_free uint8_t *words = malloc(size);
	struct bitmap part = { words, size, size * 8 };

	if (!words)
		return fail_memory(err);
	memcpy(words, bitmap->bytes + first, size);
	if (image->big_endian)
		bitmap_swap(&part);
	if (digger->dig->copy)
		return output_write_at(digger->dig->copy, words, size, offset,
				       err);
	return inplace_write(digger->dig->place, words, size, offset, err);
}

/* What is told may be far beyond it already. */
static int punch(const struct digger *digger, struct st_error *err)
{
	const struct inplace *place = digger->dig->place;
	const struct range *hole = &digger->hole;

	for (uint64_t at = hole->start; at < hole->end; at += PIECE) {
		uint64_t length = hole->end - at;

		if (length > PIECE)
			length = PIECE;
		if ((at > hole->start && ask(digger, err) < 0) ||
		    inplace_check(place, err) < 0 ||
		    inplace_punch(place, at, length, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Bits before holes, unless a full file system that never overwrites needs
 * the holes first.
 */
static int change(struct digger *digger, struct st_error *err)
{
	const struct inplace *place = digger->dig->place;
	bool clears = digger->dirty.start < digger->dirty.end;
	struct st_error ignored;
	bool full = false;
	int failed;

	if (clears && inplace_check(place, err) < 0)
		return -1;
	if (clears &&
	    write_words(digger, digger->block, &digger->dirty, err) < 0) {
		full = error_is_full(err);
		if (!full)
			return -1;
	}
	failed = punch(digger, err);
	/* Also of holes that were only begun. */
	if (full && write_words(digger, digger->block, &digger->dirty,
				failed ? &ignored : err) < 0)
		return -1;
	return failed;
}

/* Only whole blocks are freed, and pages may lie half in a hole already. */
static int count_storage(struct digger *digger, const struct range *hole,
			 struct st_error *err)
{
	uint64_t first = round_up(hole->start, digger->block_size);
	uint64_t last = hole->end / digger->block_size * digger->block_size;
	uint64_t bytes;

	if (first >= last)
		return 0;
	if (input_count_data(&bytes, digger->in, first, last, err) < 0)
		return -1;
	digger->dig->storage += bytes;
	return 0;
}

/* Makes the hole that was found. */
static int settle(struct digger *digger, struct st_error *err)
{
	const struct range *hole = &digger->hole;

	if (hole->start == hole->end)
		return 0;
	if (digger->dig->place && change(digger, err) < 0)
		return -1;
	if (!digger->dig->place && !digger->dig->copy &&
	    count_storage(digger, hole, err) < 0)
		return -1;
	digger->hole = (struct range){ 0 };
	digger->dirty = (struct range){ 0 };
	return 0;
}

/* Adds to the hole, or begins another one. */
static int give_back(struct digger *digger, uint64_t offset, uint64_t length,
		     struct st_error *err)
{
	if (digger->hole.end != offset || digger->hole.start == offset) {
		if (settle(digger, err) < 0)
			return -1;
		digger->hole.start = offset;
	}
	digger->hole.end = offset + length;
	return 0;
}

/* What the present pages of a block are. */
static int clear_bits(struct digger *digger, uint64_t offset, uint64_t length,
		      struct st_error *err)
{
	const struct st_image *image = digger->dig->image;
	const struct ram_list *list = &image->stream.ram;
	uint64_t base = list->places[digger->block].pages_offset;
	uint64_t first = (offset - base) / list->layout.page_size;
	uint64_t count = length / list->layout.page_size;

	if (give_back(digger, offset, length, err) < 0)
		return -1;
	bitmap_clear_range(&image->bitmaps[digger->block], first, count);
	if (digger->dirty.start == digger->dirty.end)
		digger->dirty.start = first;
	digger->dirty.end = first + count;
	if (digger->changed)
		digger->changed[digger->block] = true;
	return 0;
}

/* What the bytes of a stretch are. */
enum kind {
	KIND_STALE, /* of absent pages */
	KIND_PAGES, /* present pages, whose bits are cleared if they are zero */
	KIND_OTHER, /* looked at by blocks */
	KIND_KEPT,  /* as they are */
};

static int found_zeros(struct digger *digger, const struct stretch *part,
		       struct st_error *err)
{
	uint64_t length = part->end - part->start;

	if (part->kind == KIND_PAGES) {
		digger->dig->zero += length;
		return clear_bits(digger, part->start, length, err);
	}
	digger->dig->other += length;
	return give_back(digger, part->start, length, err);
}

static int found(void *owner, const struct stretch *part, bool zero,
		 const uint8_t *data, struct st_error *err)
{
	struct digger *digger = owner;
	struct output *copy = digger->dig->copy;
	uint64_t length = part->end - part->start;
	int result = 0;

	/* What lies before is not of this block's bits. */
	if (part->block != digger->block && settle(digger, err) < 0)
		return -1;
	digger->block = part->block;
	if (part->kind == KIND_STALE) {
		digger->dig->stale += length;
		result = give_back(digger, part->start, length, err);
	} else if (zero) {
		result = found_zeros(digger, part, err);
	} else if (copy) {
		result = output_write_at(copy, data, length, part->start, err);
	}
	return result < 0 ? -1 : tell(digger, part->end, err);
}

static int add(struct digger *digger, enum kind kind, unsigned block,
	       const struct range *range, struct st_error *err)
{
	struct stretch stretch = {
		.start = range->start,
		.end = range->end,
		.unread = kind == KIND_STALE,
		.kind = kind,
		.block = block,
	};

	if (kind == KIND_KEPT && !digger->dig->copy)
		return 0;
	if (kind == KIND_PAGES)
		stretch.unit = digger->dig->image->stream.ram.layout.page_size;
	else if (kind == KIND_OTHER)
		stretch.unit = DIG_GRAIN;
	return scan_add(digger->scan, &stretch, err);
}

/* The next stretch of the range that has storage: 1, 0 if there is none. */
static int next_storage(struct digger *digger, struct range *found,
			struct range *range, struct st_error *err)
{
	struct extent *extent = &digger->extent;

	while (range->start < range->end) {
		if (range->start < extent->offset ||
		    range->start >= extent->offset + extent->length) {
			if (input_extent(digger->in, range->start, extent,
					 err) < 0)
				return -1;
			if (extent->length == 0)
				return 0;
		}
		found->start = range->start;
		found->end = extent->offset + extent->length;
		if (found->end > range->end)
			found->end = range->end;
		range->start = found->end;
		if (!extent->hole)
			return 1;
	}
	return 0;
}

/* Bytes that are no pages, or whose pages are no matter. */
static int dig_bytes(struct digger *digger, enum kind kind, unsigned block,
		     struct range range, struct st_error *err)
{
	struct range found;
	int more;

	while ((more = next_storage(digger, &found, &range, err)) > 0)
		if (add(digger, kind, block, &found, err) < 0)
			return -1;
	return more;
}

/* The first part of the range that is a bitmap's; else empty, at its end. */
static struct range next_bitmap(const struct digger *digger,
				const struct range *range)
{
	const struct st_image *image = digger->dig->image;
	struct range next = { range->end, range->end };

	for (unsigned i = 0; i < image->bitmap_count; i++) {
		const struct mapped_place *place = &image->stream.ram.places[i];
		struct range bitmap = { place->bitmap_offset,
					place->bitmap_offset +
						image->bitmaps[i].size };

		if (place->pages_offset == 0 || bitmap.end <= range->start ||
		    bitmap.start >= next.start)
			continue;
		next = bitmap;
		if (next.start < range->start)
			next.start = range->start;
		if (next.end > range->end)
			next.end = range->end;
	}
	return next;
}

/*
 * What no block is dug for.  Bitmaps keep their storage: a hole there looks as
 * if something had punched out what tells which pages there are.
 */
static int dig_others(struct digger *digger, unsigned block, struct range range,
		      struct st_error *err)
{
	while (range.start < range.end) {
		struct range bitmap = next_bitmap(digger, &range);
		const struct range before = { range.start, bitmap.start };

		if (dig_bytes(digger, KIND_OTHER, block, before, err) < 0 ||
		    dig_bytes(digger, KIND_KEPT, block, bitmap, err) < 0)
			return -1;
		range.start = bitmap.end;
	}
	return 0;
}

/* Pages, some of which may lie half in a hole. */
static int dig_pages(struct digger *digger, unsigned number, struct range pages,
		     struct st_error *err)
{
	const struct ram_list *list = &digger->dig->image->stream.ram;
	const struct ram_block *block = &list->layout.blocks[number];
	const struct bitmap *bitmap = &digger->dig->image->bitmaps[number];
	enum kind present = block->prefilled ? KIND_KEPT : KIND_PAGES;
	uint64_t base = list->places[number].pages_offset;
	uint64_t page_size = list->layout.page_size;

	while (pages.start < pages.end) {
		bool bit = bitmap_get(bitmap, pages.start);
		uint64_t behind = bitmap_find_before(bitmap, pages.start,
						     pages.end, !bit);
		struct range run = { .start = base + pages.start * page_size };

		run.end = base + behind * page_size;
		if (add(digger, bit ? present : KIND_STALE, number, &run, err) <
		    0)
			return -1;
		pages.start = behind;
	}
	return 0;
}

static int dig_block(struct digger *digger, unsigned number,
		     struct st_error *err)
{
	const struct ram_list *list = &digger->dig->image->stream.ram;
	uint64_t base = list->places[number].pages_offset;
	uint64_t page_size = list->layout.page_size, done = 0;
	struct range range = {
		base,
		base + list->layout.blocks[number].length,
	};
	struct range found;
	int more;

	/* Slots of absent pages may be beyond the end. */
	if (range.end > digger->in->size)
		range.end = digger->in->size;
	while ((more = next_storage(digger, &found, &range, err)) > 0) {
		struct range pages = {
			(found.start - base) / page_size,
			(found.end - base + page_size - 1) / page_size,
		};

		if (pages.start < done)
			pages.start = done;
		done = pages.end;
		if (dig_pages(digger, number, pages, err) < 0)
			return -1;
	}
	return more;
}

/* The block whose pages come next in the file: 1, 0 if there is none. */
static int next_block(const struct digger *digger, uint64_t offset,
		      unsigned *block)
{
	const struct ram_list *list = &digger->dig->image->stream.ram;
	uint64_t nearest = UINT64_MAX;

	if (digger->dig->zero_only || !list->mapped)
		return 0;
	for (unsigned i = 0; i < list->layout.count; i++) {
		uint64_t at = list->places[i].pages_offset;

		if (at == 0 || at < offset || at >= nearest ||
		    list->layout.blocks[i].length == 0)
			continue;
		nearest = at;
		*block = i;
	}
	return nearest != UINT64_MAX;
}

/* All of the image: blocks, and what is between them. */
static int dig_image(struct digger *digger, uint64_t start,
		     struct st_error *err)
{
	const struct ram_list *list = &digger->dig->image->stream.ram;
	unsigned block = 0;

	while (next_block(digger, start, &block)) {
		uint64_t base = list->places[block].pages_offset;

		if (dig_others(digger, block, (struct range){ start, base },
			       err) < 0 ||
		    dig_block(digger, block, err) < 0)
			return -1;
		start = base + list->layout.blocks[block].length;
	}
	return dig_others(digger, block, (struct range){ start, digger->end },
			  err);
}

/* Those of a copy, in which they may come before or behind their pages. */
static int write_bitmaps(struct digger *digger, struct st_error *err)
{
	const struct st_image *image = digger->dig->image;

	for (unsigned i = 0; i < image->bitmap_count; i++) {
		const struct range all = { 0, image->bitmaps[i].bits };

		if (digger->changed[i] && write_words(digger, i, &all, err) < 0)
			return -1;
	}
	return 0;
}

/* A copy also has what lies around the image, as it is. */
static int dig_file(struct digger *digger, struct st_error *err)
{
	const struct st_image *image = digger->dig->image;
	uint64_t first = digger->dig->skipped;
	uint64_t start = image->libvirt ? first : image->payload;

	if (image_codec(image))
		start = digger->end = first;
	if (dig_bytes(digger, KIND_KEPT, 0, (struct range){ first, start },
		      err) < 0)
		return -1;
	if (start < digger->end && dig_image(digger, start, err) < 0)
		return -1;
	if (dig_bytes(digger, KIND_KEPT, 0,
		      (struct range){ digger->end, digger->in->size }, err) < 0)
		return -1;
	return scan_finish(digger->scan, err) < 0 ? -1 : settle(digger, err);
}

static int dig_with(struct digger *digger, struct st_error *err)
{
	struct output *copy = digger->dig->copy;
	cleanup_scan struct scan *scan = NULL;

	if (scan_new(&scan, digger->in, copy != NULL, found, digger, err) < 0)
		return -1;
	digger->scan = scan;
	if (dig_file(digger, err) < 0)
		return -1;
	if (!copy)
		return 0;
	copy->position = digger->in->size;
	return write_bitmaps(digger, err);
}

int dig(struct dig *dig, const struct st_monitor *monitor, struct st_error *err)
{
	const struct st_image *image = dig->image;
	cleanup_free bool *changed =
		calloc(image->stream.ram.layout.count + 1, sizeof(bool));
	struct digger digger = {
		.dig = dig,
		.monitor = monitor,
		.in = image->outer ? image->outer : image->file,
		.block_size = space_block(image_fd(image)),
		.changed = dig->copy ? changed : NULL,
	};

	if (!changed)
		return fail_memory(err);
	digger.end = image->tail ? tail_end(image->tail) : digger.in->size;
	return dig_with(&digger, err);
}
