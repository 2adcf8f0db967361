/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members on their way from the window to the reader; shared by the file that
 * gives them to the threads and the one that reads what comes back.
 */
#ifndef CODEC_UNPACKER_H
#define CODEC_UNPACKER_H

#include "base/pool.h"
#include "codec/piece.h"
#include "codec/window.h"

/* What is at the window. */
enum position {
	AT_BOUNDARY,   /* a member or the end: not looked at yet */
	INSIDE_MEMBER, /* in the middle of one that is no piece */
	AT_BLOCK,      /* the same, between two of its blocks */
	AT_END,
	AT_FAILURE, /* it cannot be read: see trouble */
};

struct unpacker {
	struct input base;
	const struct codec *codec;
	struct window window;
	enum position position;
	bool first;                    /* no member was found yet */
	bool pieces;                   /* lengths have been right so far */
	struct savetool_error trouble; /* if position or failed says so */
	bool failed;                   /* final */
	void *state;                   /* of the member that is no piece */
	enum step verdict;
	uint64_t start;       /* of that member, in the decompressed bytes */
	uint64_t made;        /* decompressed bytes that were collected */
	struct blocks blocks; /* of the member, if it has some */
	struct pool *pool;
	unsigned ahead; /* how many jobs may be pending */
	size_t part;    /* how much the next part makes */
	struct piece *current;
};

/* What a decoder says of the member that it decompresses in parts. */
void unpacker_end_member(struct unpacker *unpacker, enum step verdict);

/*
 * Gives the threads as much as they may be ahead.  A failure that is found is
 * reported once the reader gets there.
 */
void unpacker_look_ahead(struct unpacker *unpacker);

#endif
