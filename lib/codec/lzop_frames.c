/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes from block to block of an lzop member. */
#include "config.h"

#include "codec/lzop_frames.h"

#include "base/bytes.h"

/* Where the header's fields are, before and since its version 0.940. */
#define HEAD_VERSION 9
#define VERSION_LONG 0x0940
#define FLAGS_SHORT 14
#define FLAGS_LONG 17

/* Bytes between flags and name: mode and time, which became longer. */
#define BETWEEN_SHORT (4 + 4 + 4)
#define BETWEEN_LONG (4 + 4 + 4 + 4)

#define HEADER_LEAST 38
#define CHECKSUM 4

enum flag {
	ADLER32_PLAIN = 0x0001,
	ADLER32_PACKED = 0x0002,
	EXTRA_FIELD = 0x0040,
	CRC32_PLAIN = 0x0100,
	CRC32_PACKED = 0x0200,
	FILTER = 0x0800,
};

/* lzop makes no larger block, and refuses one. */
#define BLOCK_MOST (UINT32_C(64) << 20)

static uint64_t lost(struct lzop_frames *frames)
{
	frames->position = LZOP_LOST;
	return UINT64_MAX;
}

static int next_header(struct lzop_frames *frames, struct window *window,
		       uint64_t *size, struct savetool_error *err)
{
	const uint8_t *head;
	size_t flags, name;

	if (window_fill(window, HEADER_LEAST, err) < 0)
		return -1;
	if (window->left < HEADER_LEAST) {
		*size = lost(frames);
		return 0;
	}
	head = window->next;
	if (get_be16(head + HEAD_VERSION) >= VERSION_LONG) {
		flags = FLAGS_LONG;
		name = flags + BETWEEN_LONG;
	} else {
		flags = FLAGS_SHORT;
		name = flags + BETWEEN_SHORT;
	}
	frames->flags = get_be32(head + flags);
	if (frames->flags & FILTER)
		name += 4;
	*size = name + 1 + head[name] + CHECKSUM;
	frames->position =
		frames->flags & EXTRA_FIELD ? LZOP_AT_EXTRA : LZOP_AT_BLOCK;
	return 0;
}

static int next_extra(struct lzop_frames *frames, struct window *window,
		      uint64_t *size, struct savetool_error *err)
{
	if (window_fill(window, 4, err) < 0)
		return -1;
	frames->position = LZOP_AT_BLOCK;
	*size = window->left < 4 ?
			lost(frames) :
			4 + (uint64_t)get_be32(window->next) + CHECKSUM;
	return 0;
}

/* A block that did not get shorter is stored, without a checksum of its own. */
static uint64_t block_size(uint32_t flags, uint32_t plain, uint32_t packed)
{
	uint64_t size = 4 + 4 + (uint64_t)packed;

	size += flags & ADLER32_PLAIN ? CHECKSUM : 0;
	size += flags & CRC32_PLAIN ? CHECKSUM : 0;
	if (packed < plain) {
		size += flags & ADLER32_PACKED ? CHECKSUM : 0;
		size += flags & CRC32_PACKED ? CHECKSUM : 0;
	}
	return size;
}

static int next_block(struct lzop_frames *frames, struct window *window,
		      uint64_t *size, struct savetool_error *err)
{
	uint32_t plain, packed;

	if (window_fill(window, 4 + 4, err) < 0)
		return -1;
	plain = window->left < 4 ? 1 : get_be32(window->next);
	if (plain == 0) {
		frames->position = LZOP_AT_END;
		*size = 4;
		return 0;
	}
	packed = window->left < 4 + 4 ? 0 : get_be32(window->next + 4);
	if (packed == 0 || packed > plain || plain > BLOCK_MOST) {
		*size = lost(frames);
		return 0;
	}
	frames->unpacked += plain;
	*size = block_size(frames->flags, plain, packed);
	return 0;
}

int lzop_frames_next(struct lzop_frames *frames, struct window *window,
		     uint64_t *size, struct savetool_error *err)
{
	switch (frames->position) {
	case LZOP_AT_HEADER:
		return next_header(frames, window, size, err);
	case LZOP_AT_EXTRA:
		return next_extra(frames, window, size, err);
	case LZOP_AT_BLOCK:
		return next_block(frames, window, size, err);
	case LZOP_AT_END:
		*size = 0;
		break;
	case LZOP_LOST:
		*size = UINT64_MAX;
		break;
	}
	return 0;
}
