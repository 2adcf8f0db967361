/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decompression of one member, or of a part of one. */
#include "config.h"

#include "codec/piece.h"

#include "base/error.h"
#include "codec/window.h"

#include <stdlib.h>
#include <string.h>

int piece_allocate(struct piece *piece, const struct decoder *decoder,
		   struct savetool_error *err)
{
	if (!piece->data)
		piece->data = malloc(decoder->space);
	return piece->data ? 0 : fail_memory(err);
}

int piece_load(struct piece *piece, const struct window *window, size_t size,
	       struct savetool_error *err)
{
	if (piece->packed_space < size) {
		free(piece->packed);
		piece->packed_space = 0;
		piece->packed = malloc(size);
		if (!piece->packed)
			return fail_memory(err);
		piece->packed_space = size;
	}
	memcpy(piece->packed, window->next, size);
	piece->offset = window->offset;
	piece->packed_size = size;
	return 0;
}

static bool allocate_state(const struct decoder *decoder, void **state)
{
	if (!*state)
		*state = calloc(1, decoder->state_size);
	return *state != NULL;
}

enum step decoder_begin(const struct decoder *decoder, void **state, bool whole)
{
	if (!allocate_state(decoder, state) || !decoder->begin(*state, whole))
		return STEP_NO_MEMORY;
	return STEP_MORE;
}

void decoder_release(const struct decoder *decoder, void *state)
{
	if (state)
		decoder->end(state);
	free(state);
}

/* Steps until the decoder pauses. */
static enum step step(void *state, const struct decoder *decoder,
		      struct span *span)
{
	enum step verdict = STEP_MORE;

	while (verdict == STEP_MORE && span->space > 0 &&
	       (span->left > 0 || span->last)) {
		const struct span before = *span;

		verdict = decoder->step(state, span);
		if (verdict == STEP_MORE && span->left == before.left &&
		    span->space == before.space)
			return span->left ? STEP_CORRUPT : STEP_CUT;
	}
	return verdict;
}

void piece_step(struct piece *piece, const struct decoder *decoder)
{
	struct span span = {
		.from = piece->input + piece->used,
		.left = piece->input_size - piece->used,
		.to = piece->data + piece->size,
		.space = piece->limit - piece->size,
	};

	piece->verdict = step(piece->state, decoder, &span);
	piece->used = piece->input_size - span.left;
	piece->size = piece->limit - span.space;
	/* Some libraries do not say where in a whole member the damage is. */
	if (piece->verdict == STEP_CORRUPT && piece->used == 0)
		piece->used = piece->input_size;
}

/* Whatever a library makes of a whole member, the steps have the last word. */
void piece_unpack(struct piece *piece, const struct decoder *decoder)
{
	piece->used = 0;
	piece->size = 0;
	piece->input = piece->packed;
	piece->input_size = piece->packed_size;
	if (decoder->whole && allocate_state(decoder, &piece->state))
		piece->size = decoder->whole(piece->state, piece->packed,
					     piece->packed_size, piece->data,
					     piece->limit);
	if (piece->size > 0) {
		piece->used = piece->packed_size;
		piece->verdict = STEP_END;
		return;
	}
	piece->verdict = decoder_begin(decoder, &piece->state, true);
	if (piece->verdict == STEP_MORE)
		piece_step(piece, decoder);
}

void piece_go_on(struct piece *piece, const struct decoder *decoder)
{
	piece->taken = 0;
	piece->size = 0;
	piece_step(piece, decoder);
}

void piece_unpack_part(struct piece *piece, const struct decoder *decoder,
		       void *state, struct window *window)
{
	struct span span = {
		.from = window->next,
		.left = window->left,
		.to = piece->data,
		.space = piece->limit,
		.last = window->ended,
	};

	piece->verdict = step(state, decoder, &span);
	piece->size = piece->limit - span.space;
	window_consume(window, window->left - span.left);
}

void piece_release(struct piece *piece, const struct decoder *decoder)
{
	decoder_release(decoder, piece->state);
	free(piece->packed);
	free(piece->stream);
	free(piece->data);
}
