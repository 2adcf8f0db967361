/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bzip2, by libbz2. */
#include "config.h"

#include "codec/bzip2_blocks.h"
#include "codec/codecs.h"
#include "codec/members.h"
#include "codec/window.h"

#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * A member fills whole blocks at every level: two of 900000 bytes, or eighteen
 * of 100000, with 19 bytes of each kept free.  Runs are shortened before they
 * are counted, so there may be fewer blocks.
 */
#define MEMBER_SIZE (18 * (100000 - 19))

/* From libbz2's manual: 1 % more, and 600 bytes. */
#define BOUND(size) ((size) + (size) / 100 + 600)

/*
 * "BZh", the level, and the magic of a block, or of the end if there is none.
 */
static int bzip2_bid(const uint8_t *head, size_t size)
{
	if (size < 10 || memcmp(head, "BZh", 3) != 0 || head[3] < '1' ||
	    head[3] > '9')
		return 0;
	if (memcmp(head + 4, "\x31\x41\x59\x26\x53\x59", 6) != 0 &&
	    memcmp(head + 4, "\x17\x72\x45\x38\x50\x90", 6) != 0)
		return 0;
	return 76;
}

static bool bzip2_follows(const uint8_t *head, size_t size)
{
	return starts_like(head, size, "BZh", 3) &&
	       (size < 4 || (head[3] >= '1' && head[3] <= '9'));
}

struct unbzip {
	bool ready;
	bz_stream bzip2;
};

static void unbzip_end(void *state)
{
	struct unbzip *unbzip = state;

	if (unbzip->ready)
		BZ2_bzDecompressEnd(&unbzip->bzip2);
	unbzip->ready = false;
}

static bool unbzip_begin(void *state, bool whole)
{
	struct unbzip *unbzip = state;

	(void)whole;
	unbzip_end(state);
	unbzip->ready = BZ2_bzDecompressInit(&unbzip->bzip2, 0, 0) == BZ_OK;
	return unbzip->ready;
}

static enum step unbzip_step(void *state, struct span *span)
{
	bz_stream *bzip2 = &((struct unbzip *)state)->bzip2;
	const size_t space = span->space < INT_MAX ? span->space : INT_MAX;
	int result;

	bzip2->next_in = (char *)span->from;
	bzip2->avail_in = span->left;
	bzip2->next_out = (char *)span->to;
	bzip2->avail_out = space;
	result = BZ2_bzDecompress(bzip2);
	span->from = (const uint8_t *)bzip2->next_in;
	span->left = bzip2->avail_in;
	span->to = (uint8_t *)bzip2->next_out;
	span->space -= space - bzip2->avail_out;
	switch (result) {
	case BZ_OK:
		return STEP_MORE;
	case BZ_STREAM_END:
		return STEP_END;
	case BZ_MEM_ERROR:
		return STEP_NO_MEMORY;
	default:
		return STEP_CORRUPT;
	}
}

/* Where the next member seems to start, after the first byte; or the end. */
static size_t next_member(const uint8_t *data, size_t size, size_t from)
{
	const uint8_t *at = data + from;

	while (at < data + size &&
	       (at = memmem(at, data + size - at, "BZh", 3))) {
		if (bzip2_bid(at, data + size - at) > 0)
			return at - data;
		at++;
	}
	return size;
}

/*
 * A member does not say its length, but where another one starts, it has ended:
 * the first ten bytes of one are hardly found by chance.
 */
static int find_member(struct window *window, size_t *size,
		       struct savetool_error *err)
{
	size_t searched = 1;

	do {
		if (window_fill(window, window->left + 1, err) < 0)
			return -1;
		*size = next_member(window->next, window->left, searched);
		searched = window->left < CODEC_HEAD ?
				   1 :
				   window->left - CODEC_HEAD;
	} while (*size == window->left && !window->ended &&
		 *size <= BOUND(MEMBER_SIZE));
	return 0;
}

static const struct decoder bzip2_decoder = {
	.state_size = sizeof(struct unbzip),
	.begin = unbzip_begin,
	.step = unbzip_step,
	.end = unbzip_end,
	.find = find_member,
	.blocks = &bzip2_blocks,
	.piece_most = BOUND(MEMBER_SIZE),
	.space = MEMBER_SIZE,
	.workers = UNPACK_WORKERS,
};

static size_t bzip2_bound(size_t size)
{
	return BOUND(size);
}

/* From bzip2's manual: 400 KiB, and 8 times the block. */
static uint64_t bzip2_memory(int level)
{
	return 400000 + 8 * 100000 * (uint64_t)level;
}

static void *bzip2_new(int level)
{
	int *state = malloc(sizeof(*state));

	if (state)
		*state = level;
	return state;
}

static size_t bzip2_pack(void *state, const void *data, size_t size, void *to,
			 size_t space)
{
	unsigned packed = space;

	if (BZ2_bzBuffToBuffCompress(to, &packed, (char *)data, size,
				     *(int *)state, 0, 0) != BZ_OK)
		return 0;
	return packed;
}

static const struct encoder bzip2_encoder = {
	.member_size = MEMBER_SIZE,
	.bound = bzip2_bound,
	.memory = bzip2_memory,
	.new = bzip2_new,
	.free = free,
	.pack = bzip2_pack,
};

const struct codec codec_bzip2 = {
	.format = SAVETOOL_FORMAT_BZIP2,
	.least_level = 1,
	.most_level = 9,
	.default_level = 9,
	.slow = true,
	.zeros = 1,
	.other = true,
	.bid = bzip2_bid,
	.follows = bzip2_follows,
	.unpack = members_unpack,
	.pack = members_pack,
	.decoder = &bzip2_decoder,
	.encoder = &bzip2_encoder,
};
