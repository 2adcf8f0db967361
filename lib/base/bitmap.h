/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One bit a page, in the order of a mapped-ram file of a little-endian host:
 * bit i is bit i % 8 of byte i / 8.
 */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

/* size is in bytes, a multiple of 8; bits counts those that mean something. */
struct bitmap {
	uint8_t *bytes;
	uint64_t size;
	uint64_t bits;
};

/* The bytes that a bitmap of so many bits takes, in words of 64 bits. */
static inline uint64_t bitmap_size(uint64_t bits)
{
	return (bits + 63) / 64 * 8;
}

/* All clear.  false: no memory. */
bool bitmap_init(struct bitmap *bitmap, uint64_t bits);
void bitmap_free(struct bitmap *bitmap);

static inline bool bitmap_get(const struct bitmap *bitmap, uint64_t bit)
{
	return bitmap->bytes[bit / 8] >> (bit % 8) & 1;
}

void bitmap_set_range(struct bitmap *bitmap, uint64_t first, uint64_t count);
void bitmap_clear_range(struct bitmap *bitmap, uint64_t first, uint64_t count);

/* The one or the other. */
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

/* The first bit at or behind from that has this value; bits if none has. */
uint64_t bitmap_find(const struct bitmap *bitmap, uint64_t from, bool value);

/*
 * The same before end, and end if none has: for whoever asks part by part, and
 * would look at all that is behind each of them.
 */
uint64_t bitmap_find_before(const struct bitmap *bitmap, uint64_t from,
			    uint64_t end, bool value);

/*
 * From the byte order of a big-endian host's 64-bit words to ours, or back:
 * the bytes of each word change places.
 */
void bitmap_swap(struct bitmap *bitmap);

#endif
