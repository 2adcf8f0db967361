/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds storage that can be reclaimed. */
#include "config.h"

#include "sparsify/reclaim_internal.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "io/space.h"
#include "ram/zero_scan.h"

/* What the bytes of a range are. */
enum kind {
	KIND_STALE, /* slots of absent pages */
	KIND_PAGES, /* present pages; bits of zero pages are cleared */
	KIND_OTHER, /* other bytes, checked in blocks */
	KIND_KEPT,  /* left as they are */
};

static int found_zeros(struct reclaimer *reclaimer,
		       const struct scan_range *part,
		       struct savetool_error *err)
{
	uint64_t length = part->end - part->start;

	if (part->kind == KIND_PAGES) {
		reclaimer->reclaim->zero += length;
		return reclaim_clear_bits(reclaimer, part->start, length, err);
	}
	reclaimer->reclaim->other += length;
	return reclaim_range(reclaimer, part->start, length, err);
}

static int found(void *owner, const struct scan_range *part, bool zero,
		 const uint8_t *data, struct savetool_error *err)
{
	struct reclaimer *reclaimer = owner;
	struct output *copy = reclaimer->reclaim->copy;
	uint64_t length = part->end - part->start;
	int result = 0;

	/* The hole found so far is not about this block's bits. */
	if (part->block != reclaimer->block &&
	    reclaim_flush(reclaimer, err) < 0)
		return -1;
	reclaimer->block = part->block;
	if (part->kind == KIND_STALE) {
		reclaimer->reclaim->stale += length;
		result = reclaim_range(reclaimer, part->start, length, err);
	} else if (zero) {
		result = found_zeros(reclaimer, part, err);
	} else if (copy) {
		result = output_write_at(copy, data, length, part->start, err);
	}
	return result < 0 ? -1 : reclaim_report(reclaimer, part->end, err);
}

static int add(struct reclaimer *reclaimer, enum kind kind, unsigned block,
	       const struct range *range, struct savetool_error *err)
{
	struct scan_range added = {
		.start = range->start,
		.end = range->end,
		.unread = kind == KIND_STALE,
		.kind = kind,
		.block = block,
	};

	if (kind == KIND_KEPT && !reclaimer->reclaim->copy)
		return 0;
	if (kind == KIND_PAGES)
		added.unit =
			reclaimer->reclaim->pass->stream.ram.layout.page_size;
	else if (kind == KIND_OTHER)
		added.unit = RECLAIM_GRAIN;
	return scan_add(reclaimer->scan, &added, err);
}

/* The next part of the range that has storage: 1, or 0 if there is none. */
static int next_storage(struct reclaimer *reclaimer, struct range *found,
			struct range *range, struct savetool_error *err)
{
	struct extent *extent = &reclaimer->extent;

	while (range->start < range->end) {
		if (range->start < extent->offset ||
		    range->start >= extent->offset + extent->length) {
			if (input_extent(reclaimer->in, range->start, extent,
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

/* Bytes that are not pages, or whose page boundaries do not matter. */
static int reclaim_bytes(struct reclaimer *reclaimer, enum kind kind,
			 unsigned block, struct range range,
			 struct savetool_error *err)
{
	struct range found;
	int more;

	while ((more = next_storage(reclaimer, &found, &range, err)) > 0)
		if (add(reclaimer, kind, block, &found, err) < 0)
			return -1;
	return more;
}

/* The first part of the range that is a bitmap; otherwise empty, at its end. */
static struct range next_bitmap(const struct reclaimer *reclaimer,
				const struct range *range)
{
	const struct pass *pass = reclaimer->reclaim->pass;
	struct range next = { range->end, range->end };

	for (unsigned i = 0; i < pass->bitmap_count; i++) {
		const struct mapped_header *header =
			&pass->stream.ram.headers[i];
		struct range bitmap = { header->bitmap_offset,
					header->bitmap_offset +
						pass->bitmaps[i].size };

		if (header->pages_offset == 0 || bitmap.end <= range->start ||
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
 * Bytes outside the blocks.  Bitmaps keep their storage: a hole there would
 * look as if the bitmap had been lost.
 */
static int reclaim_others(struct reclaimer *reclaimer, unsigned block,
			  struct range range, struct savetool_error *err)
{
	while (range.start < range.end) {
		struct range bitmap = next_bitmap(reclaimer, &range);
		const struct range before = { range.start, bitmap.start };

		if (reclaim_bytes(reclaimer, KIND_OTHER, block, before, err) <
			    0 ||
		    reclaim_bytes(reclaimer, KIND_KEPT, block, bitmap, err) < 0)
			return -1;
		range.start = bitmap.end;
	}
	return 0;
}

/* Pages, some of which may lie partly in a hole. */
static int reclaim_pages(struct reclaimer *reclaimer, unsigned number,
			 struct range pages, struct savetool_error *err)
{
	const struct ram_list *list = &reclaimer->reclaim->pass->stream.ram;
	const struct ram_block *block = &list->layout.blocks[number];
	const struct bitmap *bitmap =
		&reclaimer->reclaim->pass->bitmaps[number];
	enum kind present = block->prefilled ? KIND_KEPT : KIND_PAGES;
	uint64_t base = list->headers[number].pages_offset;
	uint64_t page_size = list->layout.page_size;

	while (pages.start < pages.end) {
		bool bit = bitmap_get(bitmap, pages.start);
		uint64_t after = bitmap_find_before(bitmap, pages.start,
						    pages.end, !bit);
		struct range run = { .start = base + pages.start * page_size };

		run.end = base + after * page_size;
		if (add(reclaimer, bit ? present : KIND_STALE, number, &run,
			err) < 0)
			return -1;
		pages.start = after;
	}
	return 0;
}

static int reclaim_block(struct reclaimer *reclaimer, unsigned number,
			 struct savetool_error *err)
{
	const struct ram_list *list = &reclaimer->reclaim->pass->stream.ram;
	uint64_t base = list->headers[number].pages_offset;
	uint64_t page_size = list->layout.page_size, done = 0;
	struct range range = {
		base,
		base + list->layout.blocks[number].length,
	};
	struct range found;
	int more;

	/* Slots of absent pages can lie past the end of the file. */
	if (range.end > reclaimer->in->size)
		range.end = reclaimer->in->size;
	while ((more = next_storage(reclaimer, &found, &range, err)) > 0) {
		struct range pages = {
			(found.start - base) / page_size,
			(found.end - base + page_size - 1) / page_size,
		};

		if (pages.start < done)
			pages.start = done;
		done = pages.end;
		if (reclaim_pages(reclaimer, number, pages, err) < 0)
			return -1;
	}
	return more;
}

/* The block whose pages come next in the file: 1, or 0 if there is none. */
static int next_block(const struct reclaimer *reclaimer, uint64_t offset,
		      unsigned *block)
{
	const struct ram_list *list = &reclaimer->reclaim->pass->stream.ram;
	uint64_t nearest = UINT64_MAX;

	if (reclaimer->reclaim->zero_only || !list->mapped)
		return 0;
	for (unsigned i = 0; i < list->layout.count; i++) {
		uint64_t at = list->headers[i].pages_offset;

		if (at == 0 || at < offset || at >= nearest ||
		    list->layout.blocks[i].length == 0)
			continue;
		nearest = at;
		*block = i;
	}
	return nearest != UINT64_MAX;
}

/* All of the image: the blocks, and what is between them. */
static int reclaim_image(struct reclaimer *reclaimer, uint64_t start,
			 struct savetool_error *err)
{
	const struct ram_list *list = &reclaimer->reclaim->pass->stream.ram;
	unsigned block = 0;

	while (next_block(reclaimer, start, &block)) {
		uint64_t base = list->headers[block].pages_offset;

		if (reclaim_others(reclaimer, block,
				   (struct range){ start, base }, err) < 0 ||
		    reclaim_block(reclaimer, block, err) < 0)
			return -1;
		start = base + list->layout.blocks[block].length;
	}
	return reclaim_others(reclaimer, block,
			      (struct range){ start, reclaimer->end }, err);
}

/* A copy also gets, unchanged, what lies around the image. */
static int reclaim_file(struct reclaimer *reclaimer, struct savetool_error *err)
{
	const struct pass *pass = reclaimer->reclaim->pass;
	uint64_t first = reclaimer->reclaim->skipped;
	uint64_t start = pass->image->libvirt ?
				 first :
				 image_payload_offset(pass->image);

	if (image_codec(pass->image))
		start = reclaimer->end = first;
	if (reclaim_bytes(reclaimer, KIND_KEPT, 0,
			  (struct range){ first, start }, err) < 0)
		return -1;
	if (start < reclaimer->end && reclaim_image(reclaimer, start, err) < 0)
		return -1;
	if (reclaim_bytes(reclaimer, KIND_KEPT, 0,
			  (struct range){ reclaimer->end, reclaimer->in->size },
			  err) < 0)
		return -1;
	return scan_finish(reclaimer->scan, err) < 0 ?
		       -1 :
		       reclaim_flush(reclaimer, err);
}

/*
 * What the file system has allocated ahead, wherever it lies: nobody can read
 * anything but zeros there, before and after.  A copy gets none of it.
 */
static int reclaim_unwritten(struct reclaimer *reclaimer,
			     struct savetool_error *err)
{
	struct extent range;
	uint64_t at = 0;
	int more;

	while ((more = input_unwritten(reclaimer->in, at, &range, err)) > 0) {
		at = range.offset + range.length;
		reclaimer->reclaim->unwritten += range.length;
		/* No hole for the file, but storage for the file system. */
		if (!reclaimer->reclaim->held)
			reclaimer->reclaim->storage += range.length;
		else if (reclaim_range(reclaimer, range.offset, range.length,
				       err) < 0)
			return -1;
	}
	return more < 0 ? -1 : reclaim_flush(reclaimer, err);
}

static int reclaim_with(struct reclaimer *reclaimer, struct savetool_error *err)
{
	struct output *copy = reclaimer->reclaim->copy;
	cleanup_scan struct scan *scan = NULL;

	if (scan_new(&scan, reclaimer->in, copy != NULL, found, reclaimer,
		     err) < 0)
		return -1;
	reclaimer->scan = scan;
	if (reclaim_file(reclaimer, err) < 0 ||
	    (!copy && reclaim_unwritten(reclaimer, err) < 0))
		return -1;
	if (!copy)
		return 0;
	copy->position = reclaimer->in->size;
	return reclaim_write_bitmaps(reclaimer, err);
}

int reclaim(struct reclaim *reclaim, const struct savetool_monitor *monitor,
	    struct savetool_error *err)
{
	const struct pass *pass = reclaim->pass;
	cleanup_free bool *changed =
		calloc(pass->stream.ram.layout.count + 1, sizeof(bool));
	struct reclaimer reclaimer = {
		.reclaim = reclaim,
		.monitor = monitor,
		.in = image_file_input(pass->image),
		.block_size = space_block(image_fd(pass->image)),
		.changed = reclaim->copy ? changed : NULL,
	};

	if (!changed)
		return fail_memory(err);
	reclaimer.end = pass->tail ? tail_end(pass->tail) : reclaimer.in->size;
	return reclaim_with(&reclaimer, err);
}
