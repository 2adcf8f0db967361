/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gzip.  Members that say their length are compressed and decompressed by
 * libdeflate, which takes whole members only; all others go through an
 * inflater.
 */
#include "config.h"

#include "base/bytes.h"
#include "codec/codecs.h"
#include "codec/inflater.h"
#include "codec/members.h"
#include "codec/window.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_SIZE (1 << 20)

/*
 * The header that we write, RFC 1952: no name and no time, so equal input gives
 * equal output, and one extra field: how long the member is, from the first
 * byte of this header to the last one of its trailer.  Other programs skip it.
 */
#define HEADER_SIZE 24
#define TRAILER_SIZE 8
static const uint8_t header[HEADER_SIZE - 4] = {
	0x1f, 0x8b,           /* magic */
	8,                    /* deflate */
	4,                    /* there is an extra field */
	0,    0,    0,   0,   /* no time */
	0,                    /* no hint at the level */
	3,                    /* Unix */
	12,   0,              /* size of all extra fields */
	'S',  'v',            /* this one's name */
	8,    0,              /* its size */
	's',  'i',  'z', 'e', /* and the length, 32 bits */
};

/* More than that, and deflate stores instead. */
#define PIECE_MOST (MEMBER_SIZE + MEMBER_SIZE / 1000 + 256)

static int gzip_bid(const uint8_t *head, size_t size)
{
	if (size < 4 || head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 ||
	    head[3] & 0xe0)
		return 0;
	return 27;
}

static bool gzip_follows(const uint8_t *head, size_t size)
{
	return starts_like(head, size, "\x1f\x8b\x08", 3);
}

struct ungzip {
	struct inflater *inflater;
	struct libdeflate_decompressor *whole;
};

static bool ungzip_begin(void *state, bool whole)
{
	(void)whole;
	return inflater_begin(&((struct ungzip *)state)->inflater);
}

static enum step ungzip_step(void *state, struct span *span)
{
	return inflater_step(((struct ungzip *)state)->inflater, span);
}

static void ungzip_end(void *state)
{
	struct ungzip *ungzip = state;

	inflater_free(ungzip->inflater);
	libdeflate_free_decompressor(ungzip->whole);
}

static size_t ungzip_whole(void *state, const void *packed, size_t packed_size,
			   void *data, size_t space)
{
	struct ungzip *ungzip = state;
	size_t used, size;

	if (!ungzip->whole)
		ungzip->whole = libdeflate_alloc_decompressor();
	if (!ungzip->whole ||
	    libdeflate_gzip_decompress_ex(ungzip->whole, packed, packed_size,
					  data, space, &used,
					  &size) != LIBDEFLATE_SUCCESS ||
	    used != packed_size)
		return 0;
	return size;
}

static int find_member(struct window *window, size_t *size,
		       struct savetool_error *err)
{
	*size = 0;
	if (window_fill(window, HEADER_SIZE, err) < 0)
		return -1;
	if (window->left < HEADER_SIZE ||
	    memcmp(window->next, header, sizeof(header)) != 0)
		return 0;
	*size = get_le32(window->next + sizeof(header));
	return *size <= PIECE_MOST ? window_fill(window, *size, err) : 0;
}

static const struct decoder gzip_decoder = {
	.state_size = sizeof(struct ungzip),
	.begin = ungzip_begin,
	.step = ungzip_step,
	.end = ungzip_end,
	.find = find_member,
	.whole = ungzip_whole,
	.piece_most = PIECE_MOST,
	.space = MEMBER_SIZE,
	.workers = 8, /* they decompress more than a writer can take */
};

static size_t gzip_bound(size_t size)
{
	return libdeflate_deflate_compress_bound(NULL, size) + HEADER_SIZE +
	       TRAILER_SIZE;
}

/* What libdeflate 1.14 allocates for its levels up to 9, rounded up. */
static uint64_t gzip_memory(int level)
{
	(void)level;
	return 1 << 20;
}

static void *gzip_new(int level)
{
	return libdeflate_alloc_compressor(level);
}

static void gzip_free(void *state)
{
	libdeflate_free_compressor(state);
}

static size_t gzip_pack(void *state, const void *data, size_t size, void *to,
			size_t space)
{
	uint8_t *packed = to;
	size_t body = libdeflate_deflate_compress(
		state, data, size, packed + HEADER_SIZE,
		space - HEADER_SIZE - TRAILER_SIZE);
	uint8_t *trailer = packed + HEADER_SIZE + body;

	if (body == 0)
		return 0;
	memcpy(packed, header, sizeof(header));
	put_le32(packed + sizeof(header), HEADER_SIZE + body + TRAILER_SIZE);
	put_le32(trailer, libdeflate_crc32(0, data, size));
	put_le32(trailer + 4, size);
	return HEADER_SIZE + body + TRAILER_SIZE;
}

static const struct encoder gzip_encoder = {
	.member_size = MEMBER_SIZE,
	.bound = gzip_bound,
	.memory = gzip_memory,
	.new = gzip_new,
	.free = gzip_free,
	.pack = gzip_pack,
};

const struct codec codec_gzip = {
	.format = SAVETOOL_FORMAT_GZIP,
	.least_level = 1,
	.most_level = 9,
	.default_level = 6,
	.zeros = 1,
	.bid = gzip_bid,
	.follows = gzip_follows,
	.unpack = members_unpack,
	.pack = members_pack,
	.decoder = &gzip_decoder,
	.encoder = &gzip_encoder,
};
