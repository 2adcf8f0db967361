/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Punches holes, and clears the bits of their pages. */
#include "config.h"

#include "sparsify/reclaim_internal.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"

/*
 * How often progress is reported, and other processes that wait are looked for.
 */
#define STRIDE (UINT64_C(4) << 20)

/*
 * Punched at once: neither a process that waits for the file, nor a user who
 * wants to stop, waits for long.
 */
#define PIECE (UINT64_C(256) << 20)

/* May it go on?  Called although there is no progress to report. */
static int ask(const struct reclaimer *reclaimer, struct savetool_error *err)
{
	return monitor_report(reclaimer->monitor, reclaimer->reported,
			      reclaimer->end, err);
}

int reclaim_report(struct reclaimer *reclaimer, uint64_t offset,
		   struct savetool_error *err)
{
	if (offset < reclaimer->reported + STRIDE)
		return 0;
	reclaimer->reported = offset;
	return ask(reclaimer, err);
}

/* Writes the words that hold these bits of the block to the file. */
static int write_words(struct reclaimer *reclaimer, unsigned block,
		       const struct range *bits, struct savetool_error *err)
{
	const struct pass *pass = reclaimer->reclaim->pass;
	const struct bitmap *bitmap = &pass->bitmaps[block];
	uint64_t first = bits->start / 64 * 8;
	uint64_t size = (bits->end + 63) / 64 * 8 - first;
	uint64_t offset = pass->stream.ram.headers[block].bitmap_offset + first;
	cleanup_free uint8_t *words = malloc(size);
	struct bitmap part = { words, size, size * 8 };

	if (!words)
		return fail_memory(err);
	memcpy(words, bitmap->bytes + first, size);
	if (pass->image->big_endian)
		bitmap_swap(&part);
	if (reclaimer->reclaim->copy)
		return output_write_at(reclaimer->reclaim->copy, words, size,
				       offset, err);
	return held_file_write(reclaimer->reclaim->held, words, size, offset,
			       err);
}

/* The whole blocks of a hole: only those are freed. */
static struct range whole_blocks(const struct reclaimer *reclaimer)
{
	const struct range *hole = &reclaimer->hole;
	uint64_t size = reclaimer->block_size;

	return (struct range){ round_up(hole->start, size),
			       hole->end / size * size };
}

/*
 * What is told may be far beyond it already.  A file takes any range; a device
 * takes blocks, and does not say afterwards what it has freed.
 */
static int punch(const struct reclaimer *reclaimer, struct savetool_error *err)
{
	const struct held_file *held = reclaimer->reclaim->held;
	const struct range hole =
		held->is_device ? whole_blocks(reclaimer) : reclaimer->hole;

	for (uint64_t at = hole.start; at < hole.end; at += PIECE) {
		uint64_t length = hole.end - at;

		if (length > PIECE)
			length = PIECE;
		if ((at > hole.start && ask(reclaimer, err) < 0) ||
		    held_file_check(held, err) < 0 ||
		    held_file_punch(held, at, length, err) < 0)
			return -1;
		if (held->is_device)
			reclaimer->reclaim->storage += length;
	}
	return 0;
}

/*
 * Bits before holes, unless a full file system that never overwrites needs
 * the holes first.  A device does not distinguish a hole from zeros, so there
 * the hole comes first: if the device cannot make it, nothing was changed.
 */
static int change(struct reclaimer *reclaimer, struct savetool_error *err)
{
	const struct held_file *held = reclaimer->reclaim->held;
	bool clears = reclaimer->dirty.start < reclaimer->dirty.end;
	struct savetool_error ignored;
	bool full = false;
	int failed;

	if (held->is_device && punch(reclaimer, err) < 0)
		return -1;
	if (clears && held_file_check(held, err) < 0)
		return -1;
	if (clears && write_words(reclaimer, reclaimer->block,
				  &reclaimer->dirty, err) < 0) {
		full = error_is_full(err);
		if (!full)
			return -1;
	}
	if (held->is_device)
		return full ? -1 : 0;
	failed = punch(reclaimer, err);
	/* Also if only some of the holes were punched. */
	if (full && write_words(reclaimer, reclaimer->block, &reclaimer->dirty,
				failed ? &ignored : err) < 0)
		return -1;
	return failed;
}

/* Only whole blocks are freed, and pages may already lie partly in a hole. */
static int count_storage(struct reclaimer *reclaimer,
			 struct savetool_error *err)
{
	const struct range blocks = whole_blocks(reclaimer);
	uint64_t bytes;

	if (blocks.start >= blocks.end)
		return 0;
	if (input_count_data(&bytes, reclaimer->in, blocks.start, blocks.end,
			     err) < 0)
		return -1;
	reclaimer->reclaim->storage += bytes;
	return 0;
}

int reclaim_flush(struct reclaimer *reclaimer, struct savetool_error *err)
{
	const struct range *hole = &reclaimer->hole;

	if (hole->start == hole->end)
		return 0;
	if (reclaimer->reclaim->held && change(reclaimer, err) < 0)
		return -1;
	if (!reclaimer->reclaim->held && !reclaimer->reclaim->copy &&
	    count_storage(reclaimer, err) < 0)
		return -1;
	reclaimer->hole = (struct range){ 0 };
	reclaimer->dirty = (struct range){ 0 };
	return 0;
}

int reclaim_range(struct reclaimer *reclaimer, uint64_t offset, uint64_t length,
		  struct savetool_error *err)
{
	if (reclaimer->hole.end != offset || reclaimer->hole.start == offset) {
		if (reclaim_flush(reclaimer, err) < 0)
			return -1;
		reclaimer->hole.start = offset;
	}
	reclaimer->hole.end = offset + length;
	return 0;
}

int reclaim_clear_bits(struct reclaimer *reclaimer, uint64_t offset,
		       uint64_t length, struct savetool_error *err)
{
	const struct pass *pass = reclaimer->reclaim->pass;
	const struct ram_list *list = &pass->stream.ram;
	uint64_t base = list->headers[reclaimer->block].pages_offset;
	uint64_t first = (offset - base) / list->layout.page_size;
	uint64_t count = length / list->layout.page_size;

	if (reclaim_range(reclaimer, offset, length, err) < 0)
		return -1;
	bitmap_clear_range(&pass->bitmaps[reclaimer->block], first, count);
	if (reclaimer->dirty.start == reclaimer->dirty.end)
		reclaimer->dirty.start = first;
	reclaimer->dirty.end = first + count;
	if (reclaimer->changed)
		reclaimer->changed[reclaimer->block] = true;
	return 0;
}

int reclaim_write_bitmaps(struct reclaimer *reclaimer,
			  struct savetool_error *err)
{
	const struct pass *pass = reclaimer->reclaim->pass;

	for (unsigned i = 0; i < pass->bitmap_count; i++) {
		const struct range all = { 0, pass->bitmaps[i].bits };

		if (reclaimer->changed[i] &&
		    write_words(reclaimer, i, &all, err) < 0)
			return -1;
	}
	return 0;
}
