/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares a mapped-ram image's bitmaps with the file's storage. */
#include "config.h"

#include "image/allocation.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"
#include "base/zero.h"

/* Read at once while looking for data. */
#define PROBE_SIZE 65536

/* How many bytes are read between two calls of the monitor. */
#define REPORT_BYTES (UINT64_C(4) << 20)

static void add_lost(struct block_allocation *allocation, uint64_t offset,
		     uint64_t length)
{
	if (allocation->lost_count < LOST_EXTENTS_KEPT)
		allocation->lost[allocation->lost_count] =
			(struct lost_extent){ offset, length };
	allocation->lost_count++;
	allocation->lost_bytes += length;
}

/*
 * Adds the present pages that lie in a hole.  A file system's blocks can be
 * larger than pages, but a page that is only partly in the hole has data.
 */
static void add_hole(struct block_allocation *allocation,
		     const struct bitmap *bitmap, uint64_t pages_offset,
		     uint64_t page_size, uint64_t start, uint64_t end)
{
	uint64_t first = (start + page_size - 1) / page_size;
	uint64_t last = end / page_size;

	while ((first = bitmap_find_before(bitmap, first, last, true)) < last) {
		uint64_t after = bitmap_find_before(bitmap, first, last, false);

		add_lost(allocation, pages_offset + first * page_size,
			 (after - first) * page_size);
		first = after;
	}
}

/* Bytes of pages whose bit is clear, in an allocated part of the block. */
static uint64_t stale_bytes(const struct bitmap *bitmap, uint64_t page_size,
			    uint64_t start, uint64_t end)
{
	uint64_t page = start / page_size, bytes = 0;
	uint64_t last = (end + page_size - 1) / page_size;

	while ((page = bitmap_find_before(bitmap, page, last, false)) < last) {
		uint64_t after = bitmap_find_before(bitmap, page, last, true);
		uint64_t from = page * page_size, to = after * page_size;

		bytes += (to < end ? to : end) - (from > start ? from : start);
		page = after;
	}
	return bytes;
}

int allocation_of_block(struct block_allocation *allocation,
			const struct pass *pass, unsigned index,
			struct savetool_error *err)
{
	const struct ram_list *list = &pass->stream.ram;
	uint64_t page_size = list->layout.page_size;
	uint64_t length = list->layout.blocks[index].length;
	uint64_t base = list->headers[index].pages_offset, at = 0;
	const struct bitmap *bitmap = &pass->bitmaps[index];

	*allocation = (struct block_allocation){
		.present = bitmap_count(bitmap, 0, bitmap->bits),
		.prefilled = list->layout.blocks[index].prefilled,
	};
	allocation->full = allocation->present == bitmap->bits;
	if (base == 0) /* shared: its memory is not in the file */
		return 0;
	while (at < length) {
		struct extent extent;
		uint64_t end;

		if (input_extent(pass->in, base + at, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			break;
		end = extent.length > length - at ? length : at + extent.length;
		if (extent.hole)
			add_hole(allocation, bitmap, base, page_size, at, end);
		else
			allocation->stale_bytes +=
				stale_bytes(bitmap, page_size, at, end);
		at = end;
	}
	return 0;
}

static void add_block(struct allocation *total,
		      const struct block_allocation *block)
{
	total->stale_bytes += block->stale_bytes;
	if (block->prefilled)
		total->copied_bytes += block->lost_bytes;
	else
		total->lost_bytes += block->lost_bytes;
	if (block->prefilled && !block->full)
		total->keeps_zeros = false;
}

int allocation_total(struct allocation *total, const struct pass *pass,
		     struct savetool_error *err)
{
	struct block_allocation block;

	*total = (struct allocation){ .keeps_zeros = true };
	for (unsigned i = 0; i < pass->bitmap_count; i++) {
		if (allocation_of_block(&block, pass, i, err) < 0)
			return -1;
		/* Of a shared block, no page is in the file. */
		if (pass->stream.ram.headers[i].pages_offset > 0)
			add_block(total, &block);
	}
	if (!total->keeps_zeros || total->lost_bytes > 0) {
		total->lost_bytes += total->copied_bytes;
		total->copied_bytes = 0;
	}
	return 0;
}

bool allocation_is_copied(const struct allocation *total,
			  const struct block_allocation *block)
{
	return total->lost_bytes == 0 && block->prefilled;
}

bool allocation_may_be_zero(const struct allocation *total,
			    const struct block_allocation *block)
{
	return total->keeps_zeros && block->full;
}

/* A search for data in the slots of absent pages. */
struct probe {
	const struct pass *pass;
	const struct savetool_monitor *monitor;
	uint64_t done, total; /* of all blocks, up to the current one */
	uint64_t reported;
	unsigned index; /* of that block */
	uint64_t clean; /* up to here in the file, there is no hidden data */
};

static uint64_t probe_base(const struct probe *probe)
{
	return probe->pass->stream.ram.headers[probe->index].pages_offset;
}

/* Reports that nothing was found up to this byte of the file. */
static int report(struct probe *probe, uint64_t at, struct savetool_error *err)
{
	uint64_t done = probe->done + (at - probe_base(probe));

	probe->clean = at;
	if (done < probe->reported + REPORT_BYTES)
		return 0;
	probe->reported = done;
	return monitor_report(probe->monitor, done, probe->total, err);
}

/* Has this part of the file a nonzero byte?  Holes are not read. */
static int has_data(bool *found, struct probe *probe, uint64_t start,
		    uint64_t end, struct savetool_error *err)
{
	struct input *in = probe->pass->in;
	uint8_t bytes[PROBE_SIZE];
	struct extent extent = { 0 };
	size_t got = 0;

	if (start < probe->clean)
		start = probe->clean;
	if (start >= end)
		return 0;
	for (uint64_t at = start; at < end; at += got) {
		uint64_t left;

		if (report(probe, at, err) < 0 ||
		    (at >= extent.offset + extent.length &&
		     input_extent(in, at, &extent, err) < 0))
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
		*found = !is_zero(bytes, got);
		if (*found || got == 0)
			return 0;
	}
	return report(probe, end, err);
}

/*
 * Do these bytes of the bitmap hide data: are there absent pages whose slots
 * hold some?  If the host is big-endian, the bytes of each word are swapped.
 */
static int hides_data(bool *found, struct probe *probe, uint64_t first_byte,
		      uint64_t end_byte, struct savetool_error *err)
{
	const struct bitmap *bitmap = &probe->pass->bitmaps[probe->index];
	uint64_t page_size = probe->pass->stream.ram.layout.page_size;
	uint64_t base = probe_base(probe), page, end;

	if (probe->pass->image->big_endian) {
		first_byte = first_byte / 8 * 8;
		end_byte = (end_byte + 7) / 8 * 8;
	}
	*found = false;
	page = first_byte * 8;
	end = end_byte * 8 < bitmap->bits ? end_byte * 8 : bitmap->bits;
	while (!*found &&
	       (page = bitmap_find_before(bitmap, page, end, false)) < end) {
		uint64_t after = bitmap_find_before(bitmap, page, end, true);

		if (has_data(found, probe, base + page * page_size,
			     base + after * page_size, err) < 0)
			return -1;
		page = after;
	}
	return 0;
}

static void add_lost_part(struct clear_data *clear_data, uint64_t offset,
			  uint64_t length)
{
	if (clear_data->lost_count < LOST_EXTENTS_KEPT)
		clear_data->lost[clear_data->lost_count] =
			(struct lost_extent){ offset, length };
	clear_data->lost_count++;
	clear_data->lost_bytes += length;
}

static int probe_after_bitmap(struct clear_data *clear_data,
			      struct probe *probe, struct savetool_error *err)
{
	const struct pass *pass = probe->pass;
	uint64_t start = pass->stream.ram.headers[probe->index].bitmap_offset;
	uint64_t end = start + pass->bitmaps[probe->index].size;

	if (!image_has_own_holes(pass->image))
		return 0;
	for (uint64_t at = start, after; at < end; at = after) {
		struct extent extent;
		bool found = false;

		if (input_extent(pass->in, at, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			return 0;
		after = extent.length > end - at ? end : at + extent.length;
		if (extent.hole && hides_data(&found, probe, at - start,
					      after - start, err) < 0)
			return -1;
		if (found)
			add_lost_part(clear_data, at, after - at);
	}
	return 0;
}

static bool is_empty(const struct bitmap *bitmap)
{
	return bitmap_find(bitmap, 0, true) >= bitmap->bits;
}

/* Is no page of any block present? */
static bool all_empty(const struct pass *pass)
{
	for (unsigned i = 0; i < pass->bitmap_count; i++)
		if (!is_empty(&pass->bitmaps[i]))
			return false;
	return true;
}

/* Slots ascend, so a part without data is not examined again. */
static int probe_block(struct clear_data *clear_data, struct probe *probe,
		       bool everywhere, struct savetool_error *err)
{
	const struct pass *pass = probe->pass;
	const struct bitmap *bitmap = &pass->bitmaps[probe->index];

	if (probe_base(probe) == 0)
		return 0;
	probe->clean = probe_base(probe);
	if ((everywhere ||
	     !pass->stream.ram.layout.blocks[probe->index].prefilled) &&
	    is_empty(bitmap) &&
	    hides_data(&clear_data->emptied, probe, 0, bitmap->size, err) < 0)
		return -1;
	return probe_after_bitmap(clear_data, probe, err);
}

static int probe_all(struct clear_data *clear_data, const struct pass *pass,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	const struct ram_layout *layout = &pass->stream.ram.layout;
	bool everywhere = all_empty(pass);
	struct probe probe = {
		.pass = pass,
		.monitor = monitor,
		.total = layout->length,
	};

	for (probe.index = 0; probe.index < pass->bitmap_count; probe.index++) {
		if (probe_block(&clear_data[probe.index], &probe, everywhere,
				err) < 0)
			return -1;
		probe.done += layout->blocks[probe.index].length;
	}
	return 0;
}

int allocation_clear_data(const struct clear_data **blocks, struct pass *pass,
			  const struct savetool_monitor *monitor,
			  struct savetool_error *err)
{
	cleanup_free struct clear_data *clear_data = NULL;

	if (!pass->clear_data) {
		clear_data =
			calloc(pass->bitmap_count + 1, sizeof(*clear_data));
		if (!clear_data)
			return fail_memory(err);
		if (probe_all(clear_data, pass, monitor, err) < 0)
			return -1;
		pass->clear_data = steal(clear_data);
	}
	*blocks = pass->clear_data;
	return 0;
}
