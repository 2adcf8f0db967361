/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz, and the older .lzma that libvirt's format xz includes, by liblzma. */
#include "config.h"

#include "codec/codecs.h"
#include "codec/members.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

/* The most memory that a file may ask for; xz -9 asks for 65 MiB. */
#define UNXZ_MEMORY (UINT64_C(2) << 30)

/*
 * The size of a member, and so of the dictionary, which needs most of the
 * memory.  With the 4 MiB of xz -3, two workers would use more than
 * PACK_MEMORY.
 */
#define MEMBER_SIZE (3 << 19)

/*
 * .lzma has no magic: this is the properties byte that every program writes, a
 * dictionary of 64 KiB or more, and a length that is below 256 TiB or unknown.
 */
static int lzma_bid(const uint8_t *head, size_t size)
{
	if (size < 13 || head[0] != 0x5d || head[1] != 0 || head[2] != 0)
		return 0;
	if (memcmp(head + 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) != 0 &&
	    (head[11] != 0 || head[12] != 0))
		return 0;
	return 24;
}

static int xz_bid(const uint8_t *head, size_t size)
{
	if (size >= 6 && memcmp(head,
				"\xfd"
				"7zXZ",
				6) == 0)
		return 48;
	return lzma_bid(head, size);
}

static bool xz_follows(const uint8_t *head, size_t size)
{
	return starts_like(head, size, "\xfd\x37zXZ", 6);
}

/* xz accepts several members, and padding, only in its newer format. */
static bool xz_stands_alone(const uint8_t *head, size_t size)
{
	return lzma_bid(head, size) > 0;
}

/* liblzma reuses its memory if a stream is begun again. */
static bool unxz_begin(void *state)
{
	return lzma_auto_decoder(state, UNXZ_MEMORY, 0) == LZMA_OK;
}

static enum step unxz_step(void *state, struct span *span)
{
	lzma_stream *lzma = state;
	lzma_ret result;

	lzma->next_in = span->from;
	lzma->avail_in = span->left;
	lzma->next_out = span->to;
	lzma->avail_out = span->space;
	result = lzma_code(lzma, LZMA_RUN);
	span->from = lzma->next_in;
	span->left = lzma->avail_in;
	span->to = lzma->next_out;
	span->space = lzma->avail_out;
	switch (result) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return STEP_MORE;
	case LZMA_STREAM_END:
		return STEP_END;
	case LZMA_MEM_ERROR:
		return STEP_NO_MEMORY;
	case LZMA_MEMLIMIT_ERROR:
	case LZMA_OPTIONS_ERROR:
		return STEP_UNSUPPORTED;
	default:
		return STEP_CORRUPT;
	}
}

static void unxz_end(void *state)
{
	lzma_end(state);
}

static const struct decoder xz_decoder = {
	.state_size = sizeof(lzma_stream),
	.begin = unxz_begin,
	.step = unxz_step,
	.end = unxz_end,
};

struct xz_options {
	lzma_options_lzma lzma;
	lzma_filter filters[2];
};

static void set_options(struct xz_options *options, int level)
{
	lzma_lzma_preset(&options->lzma, level);
	if (options->lzma.dict_size > MEMBER_SIZE)
		options->lzma.dict_size = MEMBER_SIZE;
	options->filters[0].id = LZMA_FILTER_LZMA2;
	options->filters[0].options = &options->lzma;
	options->filters[1].id = LZMA_VLI_UNKNOWN;
}

static uint64_t xz_memory(int level)
{
	struct xz_options options;

	set_options(&options, level);
	return lzma_raw_encoder_memusage(options.filters);
}

static void *xz_new(int level)
{
	struct xz_options *options = malloc(sizeof(*options));

	if (options)
		set_options(options, level);
	return options;
}

static size_t xz_pack(void *state, const void *data, size_t size, void *to,
		      size_t space)
{
	struct xz_options *options = state;
	size_t packed = 0;

	if (lzma_stream_buffer_encode(options->filters, LZMA_CHECK_CRC64, NULL,
				      data, size, to, &packed,
				      space) != LZMA_OK)
		return 0;
	return packed;
}

static const struct encoder xz_encoder = {
	.member_size = MEMBER_SIZE,
	.bound = lzma_stream_buffer_bound,
	.memory = xz_memory,
	.new = xz_new,
	.free = free,
	.pack = xz_pack,
};

const struct codec codec_xz = {
	.format = SAVETOOL_FORMAT_XZ,
	.least_level = 1,
	.most_level = 9,
	.default_level = 3,
	.slow = true,
	.zeros = 4,
	.zeros_between = true,
	.bid = xz_bid,
	.follows = xz_follows,
	.stands_alone = xz_stands_alone,
	.unpack = members_unpack,
	.pack = members_pack,
	.decoder = &xz_decoder,
	.encoder = &xz_encoder,
};
