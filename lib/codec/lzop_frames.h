/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long an lzop member is: its header and blocks, as far as they say their
 * length.  lzop itself reads from a pipe as much as it likes, so only this
 * shows where its data ends.
 */
#ifndef CODEC_LZOP_FRAMES_H
#define CODEC_LZOP_FRAMES_H

#include "codec/window.h"

struct lzop_frames {
	enum {
		LZOP_AT_HEADER,
		LZOP_AT_EXTRA, /* a field of the header */
		LZOP_AT_BLOCK,
		LZOP_AT_END,
		LZOP_LOST, /* what is there is not a length */
	} position;
	uint32_t flags;
	uint64_t unpacked; /* sum of the blocks so far, of all members */
};

/*
 * Looks at what is at the window: *size is how many bytes from there on belong
 * together, 0 after the end of the member.  If they say no length, that is
 * UINT64_MAX: lzop itself may say what is wrong.
 */
int lzop_frames_next(struct lzop_frames *frames, struct window *window,
		     uint64_t *size, struct savetool_error *err);

#endif
