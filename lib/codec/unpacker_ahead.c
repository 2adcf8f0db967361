/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is given to the threads before the reader asks for it. */
#include "config.h"

#include "codec/unpacker.h"

#include "base/error.h"

/* Gives the piece at the window to the workers; *size is 0 if there is none. */
static int give_piece(struct unpacker *unpacker, struct piece *piece,
		      size_t *size, struct savetool_error *err)
{
	const struct decoder *decoder = unpacker->codec->decoder;
	struct window *window = &unpacker->window;

	*size = 0;
	if (unpacker->pieces && decoder->find(window, size, err) < 0)
		return -1;
	if (*size > decoder->piece_most || *size > window->left)
		*size = 0;
	if (*size == 0)
		return 0;
	if (piece_load(piece, window, *size, err) < 0)
		return -1;
	piece->kind = PIECE_MEMBER;
	piece->limit = decoder->space;
	window_consume(window, *size);
	pool_give(unpacker->pool);
	return 0;
}

static int give_part(struct unpacker *unpacker, struct piece *piece,
		     struct savetool_error *err)
{
	/* Otherwise every other part would be of what a read has left over. */
	if (window_fill(&unpacker->window, unpacker->part / 4, err) < 0)
		return -1;
	piece->kind = PIECE_PART;
	piece->limit = unpacker->part;
	pool_give(unpacker->pool);
	return 0;
}

void unpacker_end_member(struct unpacker *unpacker, enum step verdict)
{
	unpacker->verdict = verdict;
	unpacker->position = verdict == STEP_END ? AT_BOUNDARY : INSIDE_MEMBER;
}

/* Begins a member that is no piece, once all before it has been collected. */
static int begin_member(struct unpacker *unpacker, struct savetool_error *err)
{
	const struct decoder *decoder = unpacker->codec->decoder;

	unpacker->start = unpacker->made;
	unpacker->verdict = STEP_MORE;
	if (decoder->blocks &&
	    decoder->blocks->enter(&unpacker->blocks, &unpacker->window, err)) {
		unpacker->position = AT_BLOCK;
		return 0;
	}
	unpacker->verdict = decoder_begin(decoder, &unpacker->state, false);
	if (unpacker->verdict == STEP_NO_MEMORY)
		return fail_memory(err);
	unpacker->position = INSIDE_MEMBER;
	return 0;
}

static void give_block(struct unpacker *unpacker, struct piece *piece)
{
	piece->kind = PIECE_BLOCK;
	piece->limit = unpacker->codec->decoder->space;
	pool_give(unpacker->pool);
}

/*
 * There is no block where one has to be, or the last one was damaged.  It may
 * only be longer than it seemed; otherwise, the rest of the member fails.
 */
static int find_again(struct unpacker *unpacker, struct piece *piece,
		      struct savetool_error *err)
{
	const struct decoder *decoder = unpacker->codec->decoder;
	struct blocks *blocks = &unpacker->blocks;
	bool found;

	if (decoder->blocks->recover(blocks, &unpacker->window, piece, decoder,
				     &found, err) < 0)
		return -1;
	if (found) {
		blocks->lost = false;
		return 0;
	}
	if (decoder->blocks->rest(blocks, &unpacker->window, piece, err) < 0)
		return -1;
	unpacker->position = INSIDE_MEMBER;
	unpacker->verdict = STEP_CORRUPT;
	give_block(unpacker, piece);
	return 0;
}

/* The end of a member is no end before all blocks were right. */
static int look_for_block(struct unpacker *unpacker, struct piece *piece,
			  bool idle, struct savetool_error *err)
{
	const struct blocks_ops *ops = unpacker->codec->decoder->blocks;
	enum block found;

	if (ops->next(&unpacker->blocks, &unpacker->window, piece, &found,
		      err) < 0)
		return -1;
	if (found == BLOCK_FOUND)
		give_block(unpacker, piece);
	else if (found == BLOCK_LOST && idle)
		return find_again(unpacker, piece, err);
	else if (found == BLOCK_NONE && idle)
		unpacker_end_member(unpacker, ops->end(&unpacker->blocks,
						       &unpacker->window));
	return 0;
}

/*
 * Looks at what is at the window.  Only what directly follows a piece is looked
 * at before that one is done: so what is put back has no gaps.
 */
static int look(struct unpacker *unpacker, struct piece *piece,
		struct savetool_error *err)
{
	struct window *window = &unpacker->window;
	bool idle = pool_pending(unpacker->pool) == 0;
	size_t size;
	int found;

	if (unpacker->position == INSIDE_MEMBER)
		return give_part(unpacker, piece, err);
	if (unpacker->position == AT_BLOCK)
		return look_for_block(unpacker, piece, idle, err);
	if (window_fill(window, CODEC_HEAD, err) < 0)
		return -1;
	if (!idle && !member_follows(unpacker->codec, window))
		return 0;
	found = member_find(unpacker->codec, window, unpacker->first, err);
	if (found < 0)
		return -1;
	unpacker->first = false;
	if (!found) {
		unpacker->position = AT_END;
		return 0;
	}
	if (give_piece(unpacker, piece, &size, err) < 0)
		return -1;
	return size == 0 && idle ? begin_member(unpacker, err) : 0;
}

static bool may_look(const struct unpacker *unpacker)
{
	unsigned pending = pool_pending(unpacker->pool);

	switch (unpacker->position) {
	case AT_BOUNDARY:
	case AT_BLOCK:
		return pending < unpacker->ahead;
	case INSIDE_MEMBER:
		return pending == 0 && unpacker->verdict == STEP_MORE;
	case AT_END:
	case AT_FAILURE:
		break;
	}
	return false;
}

void unpacker_look_ahead(struct unpacker *unpacker)
{
	while (may_look(unpacker)) {
		enum position before = unpacker->position;
		unsigned pending = pool_pending(unpacker->pool);
		struct piece *piece = pool_take(unpacker->pool);

		if (!piece)
			return;
		if (piece_allocate(piece, unpacker->codec->decoder,
				   &unpacker->trouble) < 0 ||
		    look(unpacker, piece, &unpacker->trouble) < 0)
			unpacker->position = AT_FAILURE;
		if (unpacker->position == before && !unpacker->blocks.known &&
		    pool_pending(unpacker->pool) == pending)
			return;
	}
}
