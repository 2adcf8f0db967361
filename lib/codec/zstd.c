/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zstd, by libzstd: the codec, and how one frame is compressed and
 * decompressed.
 */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codecs.h"
#include "codec/members.h"
#include "codec/window.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/*
 * The skippable frame and the footer of zstd's seekable format:
 * contrib/seekable_format/zstd_seekable_compression_format.md of zstd.
 */
#define SEEK_TABLE_MAGIC 0x184d2a5e
#define SEEK_FOOTER_MAGIC 0x8f92eab1
#define SEEK_FOOTER_SIZE 9

/*
 * What goes into a frame, and the most that is a piece.  It is large enough
 * that starting anew costs little compression (level 3 looks back 2 MiB), and
 * small enough that several fit into memory.
 */
#define ZSTD_FRAME (2 << 20)

/* The largest header of a frame, with its magic. */
#define FRAME_HEADER_MOST 18

static int zstd_bid(const uint8_t *head, size_t size)
{
	if (size < 4)
		return 0;
	if (get_le32(head) == ZSTD_MAGICNUMBER)
		return 32;
	if ((get_le32(head) & ZSTD_MAGIC_SKIPPABLE_MASK) ==
	    ZSTD_MAGIC_SKIPPABLE_START)
		return 28;
	return 0;
}

/* The first byte of a skippable frame's magic may be one of sixteen. */
static bool zstd_follows(const uint8_t *head, size_t size)
{
	return starts_like(head, size, "\x28\xb5\x2f\xfd", 4) ||
	       (size > 0 && (head[0] & 0xf0) == 0x50 &&
		(size == 1 ||
		 starts_like(head + 1, size - 1, "\x2a\x4d\x18", 3)));
}

struct unzstd {
	ZSTD_DStream *stream;
};

/* A frame with a long window is read too, as by 'zstd -d --long=31'. */
static bool unzstd_begin(void *state, bool whole)
{
	struct unzstd *unzstd = state;

	(void)whole;
	if (!unzstd->stream)
		unzstd->stream = ZSTD_createDStream();
	if (!unzstd->stream)
		return false;
	ZSTD_DCtx_reset(unzstd->stream, ZSTD_reset_session_and_parameters);
	ZSTD_DCtx_setParameter(
		unzstd->stream, ZSTD_d_windowLogMax,
		ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound);
	return true;
}

static enum step unzstd_failed(size_t result)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return STEP_NO_MEMORY;
	case ZSTD_error_frameParameter_windowTooLarge:
	case ZSTD_error_frameParameter_unsupported:
	case ZSTD_error_dictionary_wrong:
		return STEP_UNSUPPORTED;
	default:
		return STEP_CORRUPT;
	}
}

static enum step unzstd_step(void *state, struct span *span)
{
	ZSTD_inBuffer in = { span->from, span->left, 0 };
	ZSTD_outBuffer out = { span->to, span->space, 0 };
	size_t result = ZSTD_decompressStream(((struct unzstd *)state)->stream,
					      &out, &in);

	span->from += in.pos;
	span->left -= in.pos;
	span->to += out.pos;
	span->space -= out.pos;
	if (ZSTD_isError(result))
		return unzstd_failed(result);
	return result == 0 ? STEP_END : STEP_MORE;
}

static void unzstd_end(void *state)
{
	ZSTD_freeDStream(((struct unzstd *)state)->stream);
}

/* Needs no memory for a window, as the data is in one piece. */
static size_t unzstd_whole(void *state, const void *packed, size_t packed_size,
			   void *data, size_t space)
{
	struct unzstd *unzstd = state;
	size_t size;

	if (!unzstd->stream)
		unzstd->stream = ZSTD_createDStream();
	if (!unzstd->stream)
		return 0;
	size = ZSTD_decompressDCtx(unzstd->stream, data, space, packed,
				   packed_size);
	return ZSTD_isError(size) ? 0 : size;
}

/*
 * A frame tells how much is in it.  ZSTD_findFrameCompressedSize() goes from
 * block to block, and so needs the whole frame to be visible.
 */
static int find_frame(struct window *window, size_t *size,
		      struct savetool_error *err)
{
	unsigned long long content;

	*size = 0;
	if (window_fill(window, FRAME_HEADER_MOST, err) < 0)
		return -1;
	content = ZSTD_getFrameContentSize(window->next, window->left);
	if (content == 0 || content > ZSTD_FRAME)
		return 0;
	*size = ZSTD_findFrameCompressedSize(window->next, window->left);
	while (ZSTD_isError(*size) && !window->ended &&
	       window->left < ZSTD_COMPRESSBOUND(ZSTD_FRAME)) {
		if (window_fill(window, window->left + 1, err) < 0)
			return -1;
		*size = ZSTD_findFrameCompressedSize(window->next,
						     window->left);
	}
	if (ZSTD_isError(*size))
		*size = 0;
	return 0;
}

static const struct decoder zstd_decoder = {
	.state_size = sizeof(struct unzstd),
	.begin = unzstd_begin,
	.step = unzstd_step,
	.end = unzstd_end,
	.find = find_frame,
	.whole = unzstd_whole,
	.piece_most = ZSTD_COMPRESSBOUND(ZSTD_FRAME),
	.space = ZSTD_FRAME,
	.workers = 4, /* they decompress nearly as much as a writer can take */
};

/*
 * ZSTD_sizeof_CCtx() after one frame of ZSTD_FRAME bytes, by level, rounded up.
 */
static uint64_t zstd_memory(int level)
{
	const uint64_t mib = 1 << 20;

	if (level <= 3)
		return 2 * mib;
	if (level <= 8)
		return 7 * mib;
	return (level <= 12 ? 25 : 34) * mib;
}

static void zstd_free(void *state)
{
	ZSTD_freeCCtx(state);
}

static void *zstd_new(int level)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (!context)
		return NULL;
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	return context;
}

static size_t zstd_pack(void *state, const void *data, size_t size, void *to,
			size_t space)
{
	size_t packed = ZSTD_compress2(state, to, space, data, size);

	return ZSTD_isError(packed) ? 0 : packed;
}

/*
 * The table lists the sizes of all frames, compressed and not, for programs
 * that read from the middle.  To any other program it is a frame to skip.
 */
static int zstd_finish(struct output *packed, const uint32_t (*sizes)[2],
		       size_t count, struct savetool_error *err)
{
	const uint64_t size = count * 8 + SEEK_FOOTER_SIZE;
	uint8_t head[8], entry[8], footer[SEEK_FOOTER_SIZE];

	if (size > UINT32_MAX)
		return 0;
	put_le32(head, SEEK_TABLE_MAGIC);
	put_le32(head + 4, size);
	if (output_append(packed, head, sizeof(head), err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		put_le32(entry, sizes[i][0]);
		put_le32(entry + 4, sizes[i][1]);
		if (output_append(packed, entry, sizeof(entry), err) < 0)
			return -1;
	}
	put_le32(footer, count);
	footer[4] = 0; /* no checksums here: each frame has its own */
	put_le32(footer + 5, SEEK_FOOTER_MAGIC);
	return output_append(packed, footer, sizeof(footer), err);
}

static const struct encoder zstd_encoder = {
	.member_size = ZSTD_FRAME,
	.bound = ZSTD_compressBound,
	.memory = zstd_memory,
	.new = zstd_new,
	.free = zstd_free,
	.pack = zstd_pack,
	.finish = zstd_finish,
};

const struct codec codec_zstd = {
	.format = SAVETOOL_FORMAT_ZSTD,
	.least_level = -7,
	.most_level = 22,
	.default_level = ZSTD_CLEVEL_DEFAULT,
	.bid = zstd_bid,
	.follows = zstd_follows,
	.unpack = members_unpack,
	.pack = members_pack,
	.decoder = &zstd_decoder,
	.encoder = &zstd_encoder,
};
