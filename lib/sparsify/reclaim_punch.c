/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes holes of what needs no storage, and clears the bits of its pages. */
#include "config.h"

#include "sparsify/reclaim_internal.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

/* How often progress is told; and asked, whether somebody waits. */
#define STRIDE (UINT64_C(4) << 20)

/*
 * Made into a hole at once: neither who waits for the file, nor who wants it
 * to end, waits long.
 */
#define PIECE (UINT64_C(256) << 20)

/* Whether to go on, although it is no further than it was. */
static int ask(const struct digger *digger, struct savetool_error *err)
{
	const struct savetool_monitor *monitor = digger->monitor;

	if (!monitor ||
	    monitor->progress(monitor->data, digger->told, digger->end) == 0)
		return 0;
	return fail(err, SAVETOOL_CANCELLED, "cancelled");
}

int dig_tell(struct digger *digger, uint64_t offset, struct savetool_error *err)
{
	if (offset < digger->told + STRIDE)
		return 0;
	digger->told = offset;
	return ask(digger, err);
}

/* Of this block, the words that hold these bits, as the file has them. */
static int write_words(struct digger *digger, unsigned block,
		       const struct range *bits, struct savetool_error *err)
{
	const struct savetool_image *image = digger->dig->image;
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
static int punch(const struct digger *digger, struct savetool_error *err)
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
static int change(struct digger *digger, struct savetool_error *err)
{
	const struct inplace *place = digger->dig->place;
	bool clears = digger->dirty.start < digger->dirty.end;
	struct savetool_error ignored;
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
			 struct savetool_error *err)
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

int dig_settle(struct digger *digger, struct savetool_error *err)
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

int dig_give_back(struct digger *digger, uint64_t offset, uint64_t length,
		  struct savetool_error *err)
{
	if (digger->hole.end != offset || digger->hole.start == offset) {
		if (dig_settle(digger, err) < 0)
			return -1;
		digger->hole.start = offset;
	}
	digger->hole.end = offset + length;
	return 0;
}

int dig_clear_bits(struct digger *digger, uint64_t offset, uint64_t length,
		   struct savetool_error *err)
{
	const struct savetool_image *image = digger->dig->image;
	const struct ram_list *list = &image->stream.ram;
	uint64_t base = list->places[digger->block].pages_offset;
	uint64_t first = (offset - base) / list->layout.page_size;
	uint64_t count = length / list->layout.page_size;

	if (dig_give_back(digger, offset, length, err) < 0)
		return -1;
	bitmap_clear_range(&image->bitmaps[digger->block], first, count);
	if (digger->dirty.start == digger->dirty.end)
		digger->dirty.start = first;
	digger->dirty.end = first + count;
	if (digger->changed)
		digger->changed[digger->block] = true;
	return 0;
}

int dig_write_bitmaps(struct digger *digger, struct savetool_error *err)
{
	const struct savetool_image *image = digger->dig->image;

	for (unsigned i = 0; i < image->bitmap_count; i++) {
		const struct range all = { 0, image->bitmaps[i].bits };

		if (digger->changed[i] && write_words(digger, i, &all, err) < 0)
			return -1;
	}
	return 0;
}
