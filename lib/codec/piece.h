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
	enum {
		PIECE_PART,   /* of a member, through the window */
		PIECE_MEMBER, /* all of it */
		PIECE_BLOCK,  /* of a member, by itself */
	} kind;
	uint64_t offset; /* of packed, in the input; unless a part */
	uint8_t *packed; /* allocated as long as it is needed */
	size_t packed_space, packed_size;
	const uint8_t *input; /* what is decoded: packed, or made of it */
	size_t input_size;
	size_t used;    /* of the input */
	uint64_t start; /* in the decompressed bytes; unless a part */
	uint8_t *data;
	size_t limit;  /* how many bytes to make */
	size_t size;   /* that were made */
	size_t taken;  /* that were read */
	uint64_t made; /* in all, unless a part */
	void *state;   /* of the decoder; NULL: not needed yet */
	enum step verdict;

	/* Of a block. */
	unsigned bit;    /* of the first byte, where it starts */
	uint64_t bits;   /* how many it has */
	uint64_t paused; /* bits of the input that the first byte took */
	uint32_t crc;
	uint8_t level;
	bool last;       /* the rest of a member that has failed */
	uint8_t *stream; /* the input, allocated */
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

/* Decodes more, until its limit. */
void piece_step(struct piece *piece, const struct decoder *decoder);

/* Goes on with it, once its data were read. */
void piece_go_on(struct piece *piece, const struct decoder *decoder);

/* Decompresses the next part from what is visible at the window. */
void piece_unpack_part(struct piece *piece, const struct decoder *decoder,
		       void *state, struct window *window);

void piece_release(struct piece *piece, const struct decoder *decoder);

#endif
