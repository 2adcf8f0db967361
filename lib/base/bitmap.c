/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps with one bit per page. */
#include "config.h"

#include "base/bitmap.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

bool bitmap_init(struct bitmap *bitmap, uint64_t bits)
{
	bitmap->bits = bits;
	bitmap->size = bitmap_size(bits);
	bitmap->bytes = calloc(1, bitmap->size ? bitmap->size : 1);
	return bitmap->bytes != NULL;
}

void bitmap_free(struct bitmap *bitmap)
{
	free(bitmap->bytes);
	bitmap->bytes = NULL;
}

static uint64_t load_word(const struct bitmap *bitmap, uint64_t index)
{
	uint64_t word;

	memcpy(&word, bitmap->bytes + index * 8, sizeof(word));
	return le64toh(word);
}

static void store_word(struct bitmap *bitmap, uint64_t index, uint64_t word)
{
	word = htole64(word);
	memcpy(bitmap->bytes + index * 8, &word, sizeof(word));
}

/* The bits first … end - 1 as far as they lie in this word. */
static uint64_t word_mask(uint64_t index, uint64_t first, uint64_t end)
{
	uint64_t low = index * 64, mask = ~UINT64_C(0);

	if (first > low)
		mask &= ~UINT64_C(0) << (first - low);
	if (end < low + 64)
		mask &= ~UINT64_C(0) >> (low + 64 - end);
	return mask;
}

void bitmap_set_range(struct bitmap *bitmap, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;

	for (uint64_t i = first / 64; i * 64 < end; i++)
		store_word(bitmap, i,
			   load_word(bitmap, i) | word_mask(i, first, end));
}

void bitmap_clear_range(struct bitmap *bitmap, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;

	for (uint64_t i = first / 64; i * 64 < end; i++)
		store_word(bitmap, i,
			   load_word(bitmap, i) & ~word_mask(i, first, end));
}

uint64_t bitmap_count(const struct bitmap *bitmap, uint64_t first,
		      uint64_t count)
{
	uint64_t end = first + count, sum = 0;

	for (uint64_t i = first / 64; i * 64 < end; i++)
		sum += __builtin_popcountll(load_word(bitmap, i) &
					    word_mask(i, first, end));
	return sum;
}

uint64_t bitmap_find_before(const struct bitmap *bitmap, uint64_t from,
			    uint64_t end, bool value)
{
	uint64_t flip = value ? 0 : ~UINT64_C(0);

	for (uint64_t i = from / 64; i * 64 < end; i++) {
		uint64_t word =
			(load_word(bitmap, i) ^ flip) & word_mask(i, from, end);

		if (word)
			return i * 64 + __builtin_ctzll(word);
	}
	return end;
}

uint64_t bitmap_find(const struct bitmap *bitmap, uint64_t from, bool value)
{
	return bitmap_find_before(bitmap, from, bitmap->bits, value);
}

void bitmap_swap(struct bitmap *bitmap)
{
	for (uint64_t i = 0; i < bitmap->size / 8; i++)
		store_word(bitmap, i, __builtin_bswap64(load_word(bitmap, i)));
}
