/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the bitmaps, in either byte order, with the pages. */
#include "config.h"

#include "format/mapped_order.h"

#include "base/bytes.h"
#include "base/zero.h"

/* At most so many pages of each block are read. */
#define SAMPLES 512

/* The bits of a word that differ if its bytes are swapped. */
static uint64_t differing(const struct bitmap *bitmap, uint64_t at)
{
	uint64_t word;

	memcpy(&word, bitmap->bytes + at, sizeof(word));
	return htole64(word) ^ htobe64(word);
}

static uint64_t count_differing(const struct bitmap *bitmap)
{
	uint64_t count = 0;

	for (uint64_t at = 0; at < bitmap->size; at += 8)
		count += __builtin_popcountll(differing(bitmap, at));
	return count;
}

bool mapped_order_differs(const struct bitmap *bitmap, uint64_t page)
{
	return differing(bitmap, page / 64 * 8) >> page % 64 & 1;
}

void mapped_order_vote(struct mapped_votes *votes, bool present, bool zero)
{
	if (zero != present) {
		votes->as_read++;
		return;
	}
	votes->other++;
	if (!present)
		votes->absent_data = true;
}

enum mapped_order mapped_order_decide(const struct mapped_votes *votes)
{
	enum mapped_order order = MAPPED_ORDER_FITS;

	/* The votes are from a sample, so a small majority does not count. */
	if (votes->as_read <= 2 * votes->other)
		order = MAPPED_ORDER_UNKNOWN;
	if (votes->absent_data && votes->other > votes->as_read)
		order = MAPPED_ORDER_DOUBTFUL;
	if (votes->absent_data && votes->other > 8 * (votes->as_read + 1))
		order = MAPPED_ORDER_WRONG;
	return order;
}

static int probe_page(struct mapped_votes *votes, struct input *in,
		      uint64_t offset, uint64_t size, bool present,
		      struct savetool_error *err)
{
	uint8_t page[RAM_PAGE_MOST];
	size_t got;

	if (input_read_all(in, page, size, offset, &got, err) < 0)
		return -1;
	mapped_order_vote(votes, present, is_zero(page, got));
	return 0;
}

/* Samples are spread evenly over the block. */
static int probe_block(struct mapped_votes *votes, struct input *in,
		       const struct bitmap *bitmap, uint64_t pages_offset,
		       uint64_t page_size, struct savetool_error *err)
{
	uint64_t step = count_differing(bitmap) / SAMPLES + 1, seen = 0;

	for (uint64_t at = 0; at < bitmap->size; at += 8) {
		uint64_t word = differing(bitmap, at);

		for (; word; word &= word - 1) {
			uint64_t page = at * 8 + __builtin_ctzll(word);

			/* Bits after the last page mean nothing. */
			if (page >= bitmap->bits || seen++ % step != 0)
				continue;
			if (probe_page(votes, in,
				       pages_offset + page * page_size,
				       page_size, bitmap_get(bitmap, page),
				       err) < 0)
				return -1;
		}
	}
	return 0;
}

static int probe_blocks(struct mapped_votes *votes, struct input *in,
			const struct ram_list *list,
			const struct bitmap *bitmaps,
			struct savetool_error *err)
{
	for (unsigned i = 0; i < list->layout.count; i++)
		if (list->headers[i].pages_offset != 0 &&
		    probe_block(votes, in, &bitmaps[i],
				list->headers[i].pages_offset,
				list->layout.page_size, err) < 0)
			return -1;
	return 0;
}

int mapped_order_probe(enum mapped_order *order, struct input *in,
		       const struct ram_list *list,
		       const struct bitmap *bitmaps, struct savetool_error *err)
{
	struct mapped_votes votes = { 0 };

	if (probe_blocks(&votes, in, list, bitmaps, err) < 0)
		return -1;
	*order = mapped_order_decide(&votes);
	return 0;
}
