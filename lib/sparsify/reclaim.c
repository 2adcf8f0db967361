/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds what needs no storage. */
#include "config.h"

#include "sparsify/reclaim_internal.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "io/space.h"
#include "ram/zero_scan.h"

/* What the bytes of a stretch are. */
enum kind {
	KIND_STALE, /* of absent pages */
	KIND_PAGES, /* present pages, whose bits are cleared if they are zero */
	KIND_OTHER, /* looked at by blocks */
	KIND_KEPT,  /* as they are */
};

static int found_zeros(struct digger *digger, const struct stretch *part,
		       struct savetool_error *err)
{
	uint64_t length = part->end - part->start;

	if (part->kind == KIND_PAGES) {
		digger->dig->zero += length;
		return dig_clear_bits(digger, part->start, length, err);
	}
	digger->dig->other += length;
	return dig_give_back(digger, part->start, length, err);
}

static int found(void *owner, const struct stretch *part, bool zero,
		 const uint8_t *data, struct savetool_error *err)
{
	struct digger *digger = owner;
	struct output *copy = digger->dig->copy;
	uint64_t length = part->end - part->start;
	int result = 0;

	/* What lies before is not of this block's bits. */
	if (part->block != digger->block && dig_settle(digger, err) < 0)
		return -1;
	digger->block = part->block;
	if (part->kind == KIND_STALE) {
		digger->dig->stale += length;
		result = dig_give_back(digger, part->start, length, err);
	} else if (zero) {
		result = found_zeros(digger, part, err);
	} else if (copy) {
		result = output_write_at(copy, data, length, part->start, err);
	}
	return result < 0 ? -1 : dig_tell(digger, part->end, err);
}

static int add(struct digger *digger, enum kind kind, unsigned block,
	       const struct range *range, struct savetool_error *err)
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
			struct range *range, struct savetool_error *err)
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
		     struct range range, struct savetool_error *err)
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
	const struct savetool_image *image = digger->dig->image;
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
		      struct savetool_error *err)
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
		     struct savetool_error *err)
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
		     struct savetool_error *err)
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
		     struct savetool_error *err)
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

/* A copy also has what lies around the image, as it is. */
static int dig_file(struct digger *digger, struct savetool_error *err)
{
	const struct savetool_image *image = digger->dig->image;
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
	return scan_finish(digger->scan, err) < 0 ? -1 :
						    dig_settle(digger, err);
}

static int dig_with(struct digger *digger, struct savetool_error *err)
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
	return dig_write_bitmaps(digger, err);
}

int dig(struct dig *dig, const struct savetool_monitor *monitor,
	struct savetool_error *err)
{
	const struct savetool_image *image = dig->image;
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
