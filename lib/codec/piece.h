/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is decompressed at a time: a whole member, or the next part of one.  It
 * is a decoder that pauses: when its space is full, when its input is used up,
 * at the end of the member, or where that is damaged.
 */
#ifndef CODEC_PIECE_H
#define CODEC_PIECE_H

#include "codec/members.h"

struct piece {
	bool whole;      /* a member of its own; else, a part of one */
	uint64_t offset; /* of packed, in the input; if whole */
	uint8_t *packed; /* allocated as long as it is needed */
	size_t packed_space, packed_size, used;
	uint64_t start; /* in the decompressed bytes; if whole */
	uint8_t *data;
	size_t limit; /* how many bytes to make */
	size_t size;  /* that were made */
	size_t taken; /* that were read */
	void *state;  /* of the decoder; NULL: not needed yet */
	enum step verdict;
};

/* Allocates the space for data. */
int piece_allocate(struct piece *piece, const struct decoder *decoder,
		   struct savetool_error *err);

/* Copies a whole member of this size, which is visible at the window. */
int piece_load(struct piece *piece, const struct window *window, size_t size,
	       struct savetool_error *err);

/* Allocates the state if it is needed, and begins a member. */
enum step decoder_begin(const struct decoder *decoder, void **state,
			bool whole);
void decoder_release(const struct decoder *decoder, void *state);

/* Decompresses a whole member, from its start. */
void piece_unpack(struct piece *piece, const struct decoder *decoder);

/* Goes on with it, once its data were read. */
void piece_go_on(struct piece *piece, const struct decoder *decoder);

/* Decompresses the next part from what is visible at the window. */
void piece_unpack_part(struct piece *piece, const struct decoder *decoder,
		       void *state, struct window *window);

void piece_release(struct piece *piece, const struct decoder *decoder);

#endif
