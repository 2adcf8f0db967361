/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip, by zlib, which checks each member's CRC and length. */
#include "config.h"

#include "codec/codecs.h"
#include "codec/members.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* The largest window, with gzip's header instead of zlib's. */
#define GZIP_WINDOW (MAX_WBITS + 16)

static int gzip_bid(const uint8_t *head, size_t size)
{
	if (size < 4 || head[0] != 0x1f || head[1] != 0x8b ||
	    head[2] != Z_DEFLATED || head[3] & 0xe0)
		return 0;
	return 27;
}

static bool gzip_follows(const uint8_t *head, size_t size)
{
	return starts_like(head, size, "\x1f\x8b\x08", 3);
}

struct inflater {
	bool ready;
	z_stream zlib;
};

static bool inflater_begin(void *state)
{
	struct inflater *inflater = state;

	if (!inflater->ready)
		return inflater->ready = inflateInit2(&inflater->zlib,
						      GZIP_WINDOW) == Z_OK;
	return inflateReset(&inflater->zlib) == Z_OK;
}

static enum step inflater_step(void *state, struct span *span)
{
	z_stream *zlib = &((struct inflater *)state)->zlib;
	const size_t space = span->space < INT_MAX ? span->space : INT_MAX;
	int result;

	zlib->next_in = (Bytef *)span->from;
	zlib->avail_in = span->left;
	zlib->next_out = span->to;
	zlib->avail_out = space;
	result = inflate(zlib, Z_NO_FLUSH);
	span->from = zlib->next_in;
	span->left = zlib->avail_in;
	span->to = zlib->next_out;
	span->space -= space - zlib->avail_out;
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR:
		return STEP_MORE;
	case Z_STREAM_END:
		return STEP_END;
	case Z_MEM_ERROR:
		return STEP_NO_MEMORY;
	default:
		return STEP_CORRUPT;
	}
}

static void inflater_end(void *state)
{
	struct inflater *inflater = state;

	if (inflater->ready)
		inflateEnd(&inflater->zlib);
}

static const struct decoder gzip_decoder = {
	.state_size = sizeof(struct inflater),
	.begin = inflater_begin,
	.step = inflater_step,
	.end = inflater_end,
};

/* compressBound() is for zlib's 6 bytes of header and trailer; gzip has 18. */
static size_t deflater_bound(size_t size)
{
	return compressBound(size) + 12;
}

/* From zlib's manual: (1 << (windowBits + 2)) + (1 << (memLevel + 9)). */
static uint64_t deflater_memory(int level)
{
	(void)level;
	return (1 << (MAX_WBITS + 2)) + (1 << (8 + 9));
}

/* zlib writes no name and no time, so equal input gives equal output. */
static void *deflater_new(int level)
{
	z_stream *zlib = calloc(1, sizeof(*zlib));

	if (zlib && deflateInit2(zlib, level, Z_DEFLATED, GZIP_WINDOW, 8,
				 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(zlib);
		return NULL;
	}
	return zlib;
}

static void deflater_free(void *state)
{
	deflateEnd(state);
	free(state);
}

static size_t deflater_pack(void *state, const void *data, size_t size,
			    void *to, size_t space)
{
	z_stream *zlib = state;

	deflateReset(zlib);
	zlib->next_in = (Bytef *)data;
	zlib->avail_in = size;
	zlib->next_out = to;
	zlib->avail_out = space;
	if (deflate(zlib, Z_FINISH) != Z_STREAM_END)
		return 0;
	return space - zlib->avail_out;
}

static const struct encoder gzip_encoder = {
	.member_size = 1 << 20,
	.bound = deflater_bound,
	.memory = deflater_memory,
	.new = deflater_new,
	.free = deflater_free,
	.pack = deflater_pack,
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
