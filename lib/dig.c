/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds what needs no storage, and makes holes of it. */
#include "config.h"

#include "dig.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"

#include <inttypes.h>

#define BUFFER_SIZE (UINT64_C(1) << 20)

/* How often progress is told. */
#define STRIDE (UINT64_C(16) << 20)

/* Made into a hole at once: whoever waits for the file does not wait long. */
#define PIECE (UINT64_C(256) << 20)

/* A stretch of the file, or of one block's pages, as numbers of them. */
struct range {
	uint64_t start, end;
};

struct digger {
	struct dig *dig;
	const struct st_monitor *monitor;
	struct input *in;
	uint8_t *buffer;
	struct extent extent; /* that was looked at last */
	uint64_t end;         /* of the image */
	uint64_t told;        /* of progress */

	struct range hole; /* found, but not made yet */

	/* The block whose pages are looked at; its bits. */
	unsigned block;
	struct range dirty; /* bits that were cleared, but not written yet */
	bool *changed;      /* of a copy: bitmaps, one a block */
};

static int tell(struct digger *digger, uint64_t offset, struct st_error *err)
{
	const struct st_monitor *monitor = digger->monitor;

	if (!monitor || offset < digger->told + STRIDE)
		return 0;
	digger->told = offset;
	if (monitor->progress(monitor->data, offset, digger->end) == 0)
		return 0;
	return fail(err, ST_CANCELLED, "cancelled");
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
	if (image->libvirt && image->libvirt->header.big_endian)
		bitmap_swap(&part);
	if (digger->dig->copy)
		return output_write_at(digger->dig->copy, words, size, offset,
				       err);
	return inplace_write(digger->dig->place, words, size, offset, err);
}

static int punch(const struct inplace *place, const struct range *hole,
		 struct st_error *err)
{
	for (uint64_t at = hole->start; at < hole->end; at += PIECE) {
		uint64_t length = hole->end - at;

		if (length > PIECE)
			length = PIECE;
		if (inplace_check(place, err) < 0 ||
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
	bool full = false;

	if (inplace_check(place, err) < 0)
		return -1;
	if (clears &&
	    write_words(digger, digger->block, &digger->dirty, err) < 0) {
		full = error_is_full(err);
		if (!full)
			return -1;
	}
	if (punch(place, &digger->hole, err) < 0)
		return -1;
	return full ? write_words(digger, digger->block, &digger->dirty, err) :
		      0;
}

/* Makes the hole that was found. */
static int settle(struct digger *digger, struct st_error *err)
{
	const struct range *hole = &digger->hole;
	uint64_t first = round_up(hole->start, DIG_GRAIN);
	uint64_t last = hole->end / DIG_GRAIN * DIG_GRAIN;

	if (hole->start == hole->end)
		return 0;
	if (first < last)
		digger->dig->storage += last - first;
	if (digger->dig->place && change(digger, err) < 0)
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

static int keep(struct digger *digger, uint64_t offset, const void *data,
		uint64_t length, struct st_error *err)
{
	if (!digger->dig->copy)
		return 0;
	return output_write_at(digger->dig->copy, data, length, offset, err);
}

/* How the bytes of a stretch are looked at. */
enum look {
	LOOK_PAGES, /* present pages, whose bits are cleared if they are zero */
	LOOK_OTHER, /* by blocks */
	LOOK_NOT,   /* kept as they are */
};

static int found_zeros(struct digger *digger, enum look look, uint64_t offset,
		       uint64_t length, struct st_error *err)
{
	if (look == LOOK_PAGES) {
		digger->dig->zero += length;
		return clear_bits(digger, offset, length, err);
	}
	digger->dig->other += length;
	return give_back(digger, offset, length, err);
}

/* Where the unit ends that offset is in. */
static uint64_t unit_end(uint64_t offset, uint64_t unit, uint64_t end)
{
	uint64_t next = (offset / unit + 1) * unit;

	return next < end ? next : end;
}

static bool is_zero_unit(const uint8_t *data, uint64_t offset, uint64_t end,
			 uint64_t unit)
{
	return end - offset == unit && is_zero(data, unit);
}

/* Parts what was read into zeros and data. */
static int part(struct digger *digger, enum look look, uint64_t offset,
		uint64_t length, uint64_t unit, struct st_error *err)
{
	const uint8_t *data = digger->buffer;
	uint64_t end = offset + length, start = offset;

	while (offset < end) {
		uint64_t next = unit_end(offset, unit, end);
		bool zero = is_zero_unit(data + (offset - start), offset, next,
					 unit);
		uint64_t at = offset;
		int result;

		while (next < end) {
			uint64_t behind = unit_end(next, unit, end);

			if (is_zero_unit(data + (next - start), next, behind,
					 unit) != zero)
				break;
			next = behind;
		}
		result = zero ? found_zeros(digger, look, at, next - at, err) :
				keep(digger, at, data + (at - start), next - at,
				     err);
		if (result < 0)
			return -1;
		offset = next;
	}
	return 0;
}

/* Reads a stretch that has storage. */
static int scan(struct digger *digger, enum look look,
		const struct range *range, struct st_error *err)
{
	uint64_t unit = DIG_GRAIN, at = range->start;

	if (look == LOOK_PAGES)
		unit = digger->dig->image->stream.ram.layout.page_size;
	while (at < range->end) {
		uint64_t behind = (at + BUFFER_SIZE) / unit * unit;
		int result;

		if (behind > range->end)
			behind = range->end;
		if (input_read_exactly(digger->in, digger->buffer, behind - at,
				       at, err) < 0)
			return -1;
		result = look == LOOK_NOT ?
				 keep(digger, at, digger->buffer, behind - at,
				      err) :
				 part(digger, look, at, behind - at, unit, err);
		if (result < 0 || tell(digger, behind, err) < 0)
			return -1;
		at = behind;
	}
	return 0;
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
static int dig_bytes(struct digger *digger, enum look look, struct range range,
		     struct st_error *err)
{
	struct range found;
	int more;

	while ((more = next_storage(digger, &found, &range, err)) > 0)
		if (scan(digger, look, &found, err) < 0)
			return -1;
	return more;
}

/* Pages in a row whose bits are equal; they have storage. */
static int dig_run(struct digger *digger, const struct range *run, bool present,
		   struct st_error *err)
{
	const struct ram_block *block =
		&digger->dig->image->stream.ram.layout.blocks[digger->block];

	if (!present) {
		digger->dig->stale += run->end - run->start;
		return give_back(digger, run->start, run->end - run->start,
				 err);
	}
	if (!block->prefilled)
		return scan(digger, LOOK_PAGES, run, err);
	return digger->dig->copy ? scan(digger, LOOK_NOT, run, err) : 0;
}

/* Pages, some of which may lie half in a hole. */
static int dig_pages(struct digger *digger, struct range pages,
		     struct st_error *err)
{
	const struct ram_list *list = &digger->dig->image->stream.ram;
	const struct bitmap *bitmap =
		&digger->dig->image->bitmaps[digger->block];
	uint64_t base = list->places[digger->block].pages_offset;
	uint64_t page_size = list->layout.page_size;

	while (pages.start < pages.end) {
		bool present = bitmap_get(bitmap, pages.start);
		uint64_t behind = bitmap_find(bitmap, pages.start, !present);
		struct range run = { .start = base + pages.start * page_size };

		if (behind > pages.end)
			behind = pages.end;
		run.end = base + behind * page_size;
		if (dig_run(digger, &run, present, err) < 0 ||
		    tell(digger, run.end, err) < 0)
			return -1;
		pages.start = behind;
	}
	return 0;
}

static int dig_block(struct digger *digger, struct st_error *err)
{
	const struct ram_list *list = &digger->dig->image->stream.ram;
	uint64_t base = list->places[digger->block].pages_offset;
	uint64_t page_size = list->layout.page_size, done = 0;
	struct range range = {
		base,
		base + list->layout.blocks[digger->block].length,
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
		if (dig_pages(digger, pages, err) < 0)
			return -1;
	}
	return more < 0 ? -1 : settle(digger, err);
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
	unsigned block;

	while (next_block(digger, start, &block)) {
		uint64_t base = list->places[block].pages_offset;

		if (dig_bytes(digger, LOOK_OTHER, (struct range){ start, base },
			      err) < 0)
			return -1;
		/* What lies before is not of this block's bits. */
		digger->block = block;
		if (dig_block(digger, err) < 0)
			return -1;
		start = base + list->layout.blocks[block].length;
	}
	if (dig_bytes(digger, LOOK_OTHER, (struct range){ start, digger->end },
		      err) < 0)
		return -1;
	return settle(digger, err);
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
	uint64_t start = image->libvirt ? 0 : image->payload;
	struct output *copy = digger->dig->copy;

	if (image_codec(image))
		start = digger->end = 0;
	if (copy &&
	    dig_bytes(digger, LOOK_NOT, (struct range){ 0, start }, err) < 0)
		return -1;
	if (start < digger->end && dig_image(digger, start, err) < 0)
		return -1;
	if (!copy)
		return 0;
	copy->position = digger->in->size;
	if (dig_bytes(digger, LOOK_NOT,
		      (struct range){ digger->end, digger->in->size }, err) < 0)
		return -1;
	return write_bitmaps(digger, err);
}

int dig(struct dig *dig, const struct st_monitor *monitor, struct st_error *err)
{
	const struct st_image *image = dig->image;
	cleanup_free uint8_t *buffer = malloc(BUFFER_SIZE);
	cleanup_free bool *changed =
		calloc(image->stream.ram.layout.count + 1, sizeof(bool));
	struct digger digger = {
		.dig = dig,
		.monitor = monitor,
		.in = image->outer ? image->outer : image->file,
		.buffer = buffer,
		.changed = dig->copy ? changed : NULL,
	};

	if (!buffer || !changed)
		return fail_memory(err);
	digger.end = image->tail ? tail_end(image->tail) : digger.in->size;
	return dig_file(&digger, err);
}
