/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz, and the older .lzma that libvirt's format xz includes, by liblzma. */
#include "config.h"

#include "base/pool.h"
#include "codec/codecs.h"
#include "codec/members.h"
#include "codec/window.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

/* The most memory that a file may ask for; xz -9 asks for 65 MiB. */
#define UNXZ_MEMORY (UINT64_C(2) << 30)

/* If blocks need more than that in parallel, fewer threads are used. */
#define UNXZ_MEMORY_PARALLEL (UINT64_C(256) << 20)

/*
 * The size of a member, and so of the dictionary, which needs most of the
 * memory.  With the 4 MiB of xz -3, two workers would use more than
 * PACK_MEMORY.
 */
#define MEMBER_SIZE (3 << 19)

/* No compressed member of that size is longer. */
#define PIECE_MOST (MEMBER_SIZE + MEMBER_SIZE / 8 + 4096)

/* Of the header of a block: its flags for two sizes, and its largest size. */
#define BLOCK_HAS_SIZES 0xc0
#define BLOCK_HEADER_MOST 24

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

struct unxz {
	lzma_stream lzma;
	bool whole;
	bool ready; /* liblzma has begun the member */
};

static bool unxz_begin(void *state, bool whole)
{
	struct unxz *unxz = state;

	unxz->whole = whole;
	unxz->ready = false;
	return true;
}

/*
 * Threads of liblzma decompress the blocks of a large member, if these have
 * their sizes and fit into memory.  An older .lzma has no blocks.  liblzma
 * reuses its memory if a member is begun again.
 */
static lzma_ret begin_member(struct unxz *unxz, uint8_t first)
{
	const lzma_mt options = {
		.threads = pool_processors(),
		.memlimit_threading = UNXZ_MEMORY_PARALLEL,
		.memlimit_stop = UNXZ_MEMORY,
	};

	unxz->ready = true;
	if (unxz->whole || first != 0xfd)
		return lzma_auto_decoder(&unxz->lzma, UNXZ_MEMORY, 0);
	return lzma_stream_decoder_mt(&unxz->lzma, &options);
}

static enum step unxz_step(void *state, struct span *span)
{
	struct unxz *unxz = state;
	lzma_stream *lzma = &unxz->lzma;
	lzma_ret result = LZMA_OK;

	if (!unxz->ready && span->left == 0)
		return STEP_MORE;
	if (!unxz->ready)
		result = begin_member(unxz, *span->from);
	lzma->next_in = span->from;
	lzma->avail_in = span->left;
	lzma->next_out = span->to;
	lzma->avail_out = span->space;
	if (result == LZMA_OK)
		result = lzma_code(lzma, span->last ? LZMA_FINISH : LZMA_RUN);
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
	lzma_end(&((struct unxz *)state)->lzma);
}

/*
 * The sizes in the header of a stream's first block: 0 if they are not there.
 * lzma_block_header_decode() would read them too, but takes memory for what
 * else is in it, and the decoder is to look at that.
 */
static lzma_vli block_sizes(const uint8_t *head, size_t size,
			    lzma_vli *unpacked)
{
	lzma_vli packed;
	size_t at = 2;

	if ((head[1] & BLOCK_HAS_SIZES) != BLOCK_HAS_SIZES ||
	    lzma_vli_decode(&packed, NULL, head, &at, size) != LZMA_OK ||
	    lzma_vli_decode(unpacked, NULL, head, &at, size) != LZMA_OK)
		return 0;
	return packed;
}

/* The size of an index of one block, as xz rounds it up. */
static uint64_t index_size(uint64_t unpadded, uint64_t unpacked)
{
	const uint64_t size =
		2 + lzma_vli_size(unpadded) + lzma_vli_size(unpacked);

	return (size + 3) / 4 * 4 + 4;
}

/*
 * A stream of one block, which says its size: the header of the stream, the
 * block, the index, and the footer.
 */
static int find_stream(struct window *window, size_t *size,
		       struct savetool_error *err)
{
	const uint8_t *block;
	lzma_stream_flags flags;
	lzma_vli packed, unpacked;
	uint64_t unpadded;

	*size = 0;
	if (window_fill(window, LZMA_STREAM_HEADER_SIZE + BLOCK_HEADER_MOST,
			err) < 0)
		return -1;
	if (window->left < LZMA_STREAM_HEADER_SIZE + BLOCK_HEADER_MOST ||
	    lzma_stream_header_decode(&flags, window->next) != LZMA_OK)
		return 0;
	block = window->next + LZMA_STREAM_HEADER_SIZE;
	packed = block_sizes(block, BLOCK_HEADER_MOST, &unpacked);
	if (packed == 0 || packed > PIECE_MOST || unpacked > MEMBER_SIZE)
		return 0;
	unpadded = (block[0] + 1) * 4 + packed + lzma_check_size(flags.check);
	*size = 2 * LZMA_STREAM_HEADER_SIZE + (unpadded + 3) / 4 * 4 +
		index_size(unpadded, unpacked);
	return window_fill(window, *size, err);
}

static const struct decoder xz_decoder = {
	.state_size = sizeof(struct unxz),
	.begin = unxz_begin,
	.step = unxz_step,
	.end = unxz_end,
	.find = find_stream,
	.piece_most = PIECE_MOST,
	.space = MEMBER_SIZE,
	.workers = UNPACK_WORKERS,
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
