/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bitmaps with one bit per page, laid out as in a mapped-ram file of a
 * little-endian host: bit i is bit i % 8 of byte i / 8.
 */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

/* size is in bytes, a multiple of 8; bits is the number of bits in use. */
struct bitmap {
	uint8_t *bytes;
	uint64_t size;
	uint64_t bits;
};

/* The size in bytes of a bitmap of so many bits, in whole 64-bit words. */
static inline uint64_t bitmap_size(uint64_t bits)
{
	return (bits + 63) / 64 * 8;
}

/* All bits clear.  false: out of memory. */
bool bitmap_init(struct bitmap *bitmap, uint64_t bits);
void bitmap_free(struct bitmap *bitmap);

static inline bool bitmap_get(const struct bitmap *bitmap, uint64_t bit)
{
	return bitmap->bytes[bit / 8] >> (bit % 8) & 1;
}

void bitmap_set_range(struct bitmap *bitmap, uint64_t first, uint64_t count);
void bitmap_clear_range(struct bitmap *bitmap, uint64_t first, uint64_t count);

/* Sets the range if value is true, otherwise clears it. */
static inline void bitmap_put_range(struct bitmap *bitmap, uint64_t first,
				    uint64_t count, bool value)
{
	if (value)
		bitmap_set_range(bitmap, first, count);
	else
		bitmap_clear_range(bitmap, first, count);
}

/* How many bits of the range are set. */
uint64_t bitmap_count(const struct bitmap *bitmap, uint64_t first,
		      uint64_t count);

/* The first bit from "from" on that has this value, or bits if none has. */
uint64_t bitmap_find(const struct bitmap *bitmap, uint64_t from, bool value);

/*
 * The same, but stops at end, and returns end if no bit before it has the
 * value.  A caller that goes through a bitmap range by range uses this one: the
 * other would scan to the end of the bitmap for every range.
 */
uint64_t bitmap_find_before(const struct bitmap *bitmap, uint64_t from,
			    uint64_t end, bool value);

/*
 * Swaps the bytes of each 64-bit word: from a big-endian host's order to ours,
 * or back.
 */
void bitmap_swap(struct bitmap *bitmap);

#endif
