/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of bzip2, each made a stream of its own for libbz2. */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "codec/bzip2_blocks.h"
#include "codec/piece.h"
#include "codec/window.h"

#include <bzlib.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_BITS 48
#define MAGIC_MASK ((UINT64_C(1) << MAGIC_BITS) - 1)
#define BLOCK_MAGIC UINT64_C(0x314159265359)
#define END_MAGIC UINT64_C(0x177245385090)

/* "BZh" and the level; a magic and a checksum. */
#define HEADER_BITS 32
#define CHECKED_BITS (MAGIC_BITS + 32)
#define NOT_FOUND UINT64_MAX

/* The bits from this one on, at most 57; all of them must be visible. */
static uint64_t bits_at(const uint8_t *data, uint64_t bit, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 |
			(8 * i < bit % 8 + count ? data[bit / 8 + i] : 0);
	return value << bit % 8 >> (64 - count);
}

static bool is_magic(uint64_t bits)
{
	return bits == BLOCK_MAGIC || bits == END_MAGIC;
}

/*
 * Which bytes may be the last but one that a magic touches: for each of its
 * eight places in a byte there is one.  So most bytes are passed at once.
 */
static void mark_bytes(bool marked[256])
{
	memset(marked, false, 256);
	for (unsigned shift = 0; shift < 8; shift++) {
		marked[BLOCK_MAGIC >> (8 - shift) & 0xff] = true;
		marked[END_MAGIC >> (8 - shift) & 0xff] = true;
	}
}

/* The first magic that starts at the bit from, or after it. */
static uint64_t find_magic(const uint8_t *data, size_t size, uint64_t from)
{
	bool marked[256];

	mark_bytes(marked);
	for (size_t i = from / 8 + 5; i < size; i++) {
		if (!marked[data[i - 1]])
			continue;
		for (unsigned shift = 8; shift-- > 0;) {
			uint64_t start = 8 * ((uint64_t)i + 1) - shift;

			if (start >= from + MAGIC_BITS &&
			    is_magic(bits_at(data, start - MAGIC_BITS,
					     MAGIC_BITS)))
				return start - MAGIC_BITS;
		}
	}
	return NOT_FOUND;
}

/* Skips bits of the window; the byte that the next one lies in is kept. */
static void skip_bits(struct blocks *blocks, struct window *window,
		      uint64_t bits)
{
	bits += blocks->bit;
	window_consume(window, bits / 8);
	blocks->bit = bits % 8;
}

static bool enter(struct blocks *blocks, struct window *window,
		  struct savetool_error *err)
{
	if (window_fill(window, HEADER_BITS / 8 + CHECKED_BITS / 8, err) < 0 ||
	    window->left < HEADER_BITS / 8 + CHECKED_BITS / 8 ||
	    !is_magic(bits_at(window->next, HEADER_BITS, MAGIC_BITS)))
		return false;
	*blocks = (struct blocks){ .level = window->next[3] };
	window_consume(window, HEADER_BITS / 8);
	return true;
}

/* How many bits the block at the window has. */
static int measure(struct blocks *blocks, struct window *window, uint64_t *bits,
		   struct savetool_error *err)
{
	uint64_t from = blocks->bit + CHECKED_BITS, end;

	*bits = blocks->known;
	if (blocks->known)
		return window_fill(window, (blocks->bit + *bits + 7) / 8, err);
	for (;;) {
		end = find_magic(window->next, window->left, from);
		if (end != NOT_FOUND) {
			*bits = end - blocks->bit;
			return 0;
		}
		if (window->ended || window->left == window->size)
			return 0;
		if (8 * (uint64_t)window->left > from + MAGIC_BITS + 8)
			from = 8 * (uint64_t)window->left - MAGIC_BITS - 8;
		if (window_fill(window, window->left + 1, err) < 0)
			return -1;
	}
}

static int load(struct blocks *blocks, struct window *window,
		struct piece *piece, uint64_t bits, struct savetool_error *err)
{
	if (piece_load(piece, window, (blocks->bit + bits + 7) / 8, err) < 0)
		return -1;
	piece->bit = blocks->bit;
	piece->bits = bits;
	piece->level = blocks->level;
	piece->crc = bits_at(piece->packed, piece->bit + MAGIC_BITS, 32);
	skip_bits(blocks, window, bits);
	return 0;
}

static int next(struct blocks *blocks, struct window *window,
		struct piece *piece, enum block *found,
		struct savetool_error *err)
{
	uint64_t magic, bits;

	*found = BLOCK_LOST;
	if (blocks->lost)
		return 0;
	if (window_fill(window, CHECKED_BITS / 8 + 1, err) < 0)
		return -1;
	if (8 * (uint64_t)window->left < blocks->bit + CHECKED_BITS)
		return 0;
	magic = bits_at(window->next, blocks->bit, MAGIC_BITS);
	if (magic == END_MAGIC)
		*found = BLOCK_NONE;
	if (magic != BLOCK_MAGIC)
		return 0;
	if (measure(blocks, window, &bits, err) < 0)
		return -1;
	if (bits == 0)
		return 0;
	blocks->tried = blocks->known;
	blocks->known = 0;
	*found = BLOCK_FOUND;
	piece->last = false;
	return load(blocks, window, piece, bits, err);
}

/* The rest of the member, as far as it is visible: that shows the failure. */
static int load_rest(struct blocks *blocks, struct window *window,
		     struct piece *piece, struct savetool_error *err)
{
	uint64_t bits;

	if (window_fill(window, window->size, err) < 0)
		return -1;
	bits = 8 * (uint64_t)window->left;
	bits = bits > blocks->bit ? bits - blocks->bit : 0;
	piece->last = true;
	if (bits < CHECKED_BITS) {
		piece->bits = piece->packed_size = 0;
		return 0;
	}
	return load(blocks, window, piece, bits, err);
}

static void collected(struct blocks *blocks, const struct piece *piece)
{
	blocks->combined =
		(blocks->combined << 1 | blocks->combined >> 31) ^ piece->crc;
	blocks->tried = 0;
}

static void put_back(struct blocks *blocks, const struct piece *piece)
{
	blocks->bit = piece->bit;
}

static enum step end(struct blocks *blocks, struct window *window)
{
	uint32_t crc = bits_at(window->next, blocks->bit + MAGIC_BITS, 32);

	skip_bits(blocks, window, CHECKED_BITS);
	if (blocks->bit > 0)
		window_consume(window, 1);
	return crc == blocks->combined ? STEP_END : STEP_CORRUPT;
}

/* Adds eight bits to bits that may end within a byte. */
static void add_byte(uint8_t *data, uint64_t at, uint8_t value)
{
	unsigned word = value << 8 >> at % 8;

	data[at / 8] |= word >> 8;
	data[at / 8 + 1] = word & 0xff;
}

/*
 * Makes a stream of a block: its bits after a header of the same level, and
 * then the end, with the checksum of this block.
 */
static bool make_stream(struct piece *piece)
{
	const uint8_t *packed = piece->packed;
	const uint64_t after = HEADER_BITS + piece->bits;
	const size_t whole = (piece->bits + 7) / 8;
	const size_t size = whole + HEADER_BITS / 8 + CHECKED_BITS / 8 + 2;
	uint8_t *stream = calloc(1, size);

	free(piece->stream);
	piece->stream = stream;
	if (!stream)
		return false;
	memcpy(stream, "BZh", 3);
	stream[3] = piece->level;
	for (size_t i = 0; i < whole; i++) {
		unsigned word = packed[i] << 8;

		if (i + 1 < piece->packed_size)
			word |= packed[i + 1];
		stream[HEADER_BITS / 8 + i] = word << piece->bit >> 8;
	}
	if (piece->bits % 8)
		stream[after / 8] &= 0xff00 >> piece->bits % 8;
	piece->input = stream;
	piece->input_size = (after + 7) / 8;
	if (piece->last)
		return true;
	for (unsigned i = 0; i < 6; i++)
		add_byte(stream, after + 8 * i, END_MAGIC >> (40 - 8 * i));
	for (unsigned i = 0; i < 4; i++)
		add_byte(stream, after + MAGIC_BITS + 8 * i,
			 piece->crc >> (24 - 8 * i));
	piece->input_size = (after + CHECKED_BITS + 7) / 8;
	return true;
}

/*
 * libbz2 reads all of a block before it gives its first byte, and no byte more
 * than it needs: so then, the block ends in the last byte that it has read.
 */
static bool ends_there(const struct piece *piece)
{
	const uint64_t end = HEADER_BITS + piece->bits;

	return piece->paused >= end && piece->paused < end + 8;
}

static void unpack(struct piece *piece, const struct decoder *decoder)
{
	piece->used = piece->size = piece->input_size = 0;
	piece->paused = 0;
	piece->verdict = STEP_MORE;
	if (piece->bits == 0)
		return;
	piece->verdict = decoder_begin(decoder, &piece->state, true);
	if (!make_stream(piece))
		piece->verdict = STEP_NO_MEMORY;
	if (piece->verdict != STEP_MORE)
		return;
	piece->limit = 1;
	piece_step(piece, decoder);
	piece->paused = piece->size == 1 ? 8 * (uint64_t)piece->used : 0;
	if (!piece->last && !ends_there(piece)) {
		piece->size = 0;
		if (piece->verdict == STEP_MORE)
			piece->verdict = STEP_CORRUPT;
		return;
	}
	piece->limit = decoder->space;
	if (piece->verdict == STEP_MORE)
		piece_step(piece, decoder);
}

/*
 * Decodes the block at the window, however long it is, to see where it ends.
 * false: it is damaged.
 */
static int recover(struct blocks *blocks, struct window *window,
		   struct piece *piece, const struct decoder *decoder,
		   bool *found, struct savetool_error *err)
{
	uint64_t at, before = blocks->tried;

	*found = false;
	if (load_rest(blocks, window, piece, err) < 0)
		return -1;
	if (piece->bits == 0)
		return 0;
	unpack(piece, decoder);
	at = piece->paused;
	if (window_put_back(window, piece->packed,
			    window->offset - piece->offset, err) < 0)
		return -1;
	blocks->bit = piece->bit;
	for (unsigned i = 0; at > HEADER_BITS + CHECKED_BITS && i < 8; i++) {
		uint64_t bits = at - HEADER_BITS - i;

		if (bits + MAGIC_BITS > piece->bits || bits == before ||
		    !is_magic(bits_at(piece->packed, piece->bit + bits,
				      MAGIC_BITS)))
			continue;
		blocks->known = bits;
		*found = true;
		return 0;
	}
	return 0;
}

const struct blocks_ops bzip2_blocks = {
	.enter = enter,
	.next = next,
	.rest = load_rest,
	.recover = recover,
	.unpack = unpack,
	.collected = collected,
	.put_back = put_back,
	.end = end,
};
