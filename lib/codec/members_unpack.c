/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One member after another.  Threads decompress ahead of the reader: several
 * pieces at once, or else the next part of the member that is no piece.  The
 * window belongs to the reader, except while such a part is pending.
 *
 * A piece has its length from the file, and so it may turn out to be shorter or
 * longer, or to be damaged.  Then the reader puts back what was found after it,
 * takes over the decoder as it is, and goes on as if it had never looked ahead.
 */
#include "config.h"

#include "base/error.h"
#include "codec/unpacker.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_LEAST (256 << 10)

/* Two more than workers: one is being read, one filled. */
#define JOBS(workers) ((workers) + 2)

static int unpack_job(void *owner, unsigned worker, void *job,
		      struct savetool_error *err)
{
	struct unpacker *unpacker = owner;
	const struct decoder *decoder = unpacker->codec->decoder;
	struct piece *piece = job;

	(void)worker;
	(void)err;
	switch (piece->kind) {
	case PIECE_PART:
		piece_unpack_part(piece, decoder, unpacker->state,
				  &unpacker->window);
		break;
	case PIECE_MEMBER:
		piece_unpack(piece, decoder);
		break;
	case PIECE_BLOCK:
		decoder->blocks->unpack(piece, decoder);
		break;
	}
	return 0;
}

static int start_pool(struct unpacker *unpacker, struct savetool_error *err)
{
	unsigned workers = pool_processors();

	if (workers > unpacker->codec->decoder->workers)
		workers = unpacker->codec->decoder->workers;
	return pool_new(&unpacker->pool, workers, JOBS(workers),
			sizeof(struct piece), unpack_job, unpacker, err);
}

/* Has the piece come out as the file says? */
static bool piece_is_done(const struct piece *piece)
{
	return piece->verdict == STEP_END && piece->used == piece->input_size;
}

/* What a part says of the member that it belongs to. */
static void end_part(struct unpacker *unpacker, const struct piece *part)
{
	unpacker_end_member(unpacker, part->verdict);
	if (unpacker->part < PART_MOST)
		unpacker->part *= 2;
}

/*
 * Collects the oldest job from the workers.  The first is done alone, then one
 * more is done ahead each time: a caller that reads only the beginning of an
 * image should not wait for what follows.
 */
static int collect(struct unpacker *unpacker, struct savetool_error *err)
{
	const struct blocks_ops *ops = unpacker->codec->decoder->blocks;
	struct piece *piece;
	void *job;
	int got = pool_collect(unpacker->pool, &job, err);

	if (got <= 0)
		return got;
	piece = job;
	piece->taken = 0;
	piece->start = unpacker->made;
	if (piece->kind == PIECE_PART)
		end_part(unpacker, piece);
	else if (piece->kind == PIECE_BLOCK && piece_is_done(piece))
		ops->collected(&unpacker->blocks, piece);
	piece->made = piece->size;
	unpacker->made += piece->size;
	unpacker->current = piece;
	unpacker->ahead++;
	return 1;
}

/*
 * Puts a piece back from this byte on.  A block may end within a byte, which
 * the next one has, too.
 */
static int put_back(struct unpacker *unpacker, const struct piece *piece,
		    size_t from, struct savetool_error *err)
{
	struct window *window = &unpacker->window;

	return window_put_back(window, piece->packed + from,
			       window->offset - piece->offset - from, err);
}

/* Puts what was given to the workers after the current piece back, unread. */
static int put_back_all(struct unpacker *unpacker, struct savetool_error *err)
{
	const struct piece *later[JOBS(UNPACK_WORKERS)];
	unsigned count = 0;
	void *job;
	int got;

	while ((got = pool_collect(unpacker->pool, &job, err)) > 0)
		later[count++] = job;
	for (unsigned i = count; got == 0 && i > 0; i--)
		got = put_back(unpacker, later[i - 1], 0, err);
	for (unsigned i = 0; i < count; i++)
		pool_return(unpacker->pool);
	return got;
}

/* Goes on with a piece as with any other member. */
static int take_over(struct unpacker *unpacker, struct piece *piece,
		     struct savetool_error *err)
{
	struct window *window = &unpacker->window;
	void *state = unpacker->state;

	pool_return(unpacker->pool);
	if (put_back_all(unpacker, err) < 0 ||
	    put_back(unpacker, piece, piece->used, err) < 0)
		return -1;
	window->member = piece->offset;
	window->alone = window->passed = false;
	unpacker->state = piece->state;
	piece->state = state;
	unpacker->start = piece->start;
	unpacker->verdict = piece->verdict;
	unpacker->pieces = false;
	unpacker_end_member(unpacker, piece->verdict);
	return 0;
}

/* A block that is not right: damaged, or longer than it seemed. */
static int lose_block(struct unpacker *unpacker, const struct piece *piece,
		      struct savetool_error *err)
{
	const bool cut = piece->last && piece->verdict == STEP_MORE &&
			 unpacker->window.ended;

	pool_return(unpacker->pool);
	if (piece->verdict == STEP_NO_MEMORY)
		return fail_memory(err);
	unpacker->verdict = cut ? STEP_CUT : STEP_CORRUPT;
	unpacker->position = INSIDE_MEMBER;
	if (piece->last || piece->made > 0)
		return put_back_all(unpacker, err);
	if (put_back_all(unpacker, err) < 0 ||
	    put_back(unpacker, piece, 0, err) < 0)
		return -1;
	unpacker->codec->decoder->blocks->put_back(&unpacker->blocks, piece);
	unpacker->blocks.lost = true;
	unpacker->verdict = STEP_MORE;
	unpacker->position = AT_BLOCK;
	return 0;
}

/* What is to be done once all data of the current job have been read. */
static int finish_current(struct unpacker *unpacker, struct savetool_error *err)
{
	const struct decoder *decoder = unpacker->codec->decoder;
	struct piece *piece = unpacker->current;

	if (piece->kind != PIECE_PART && piece->verdict == STEP_MORE &&
	    piece->size == piece->limit) {
		piece_go_on(piece, decoder);
		piece->made += piece->size;
		unpacker->made += piece->size;
		if (piece->kind == PIECE_BLOCK && piece_is_done(piece))
			decoder->blocks->collected(&unpacker->blocks, piece);
		return 0;
	}
	unpacker->current = NULL;
	if (piece->kind == PIECE_MEMBER && !piece_is_done(piece))
		return take_over(unpacker, piece, err);
	if (piece->kind == PIECE_BLOCK && !piece_is_done(piece))
		return lose_block(unpacker, piece, err);
	pool_return(unpacker->pool);
	return 0;
}

static int fail_member(struct unpacker *unpacker, struct savetool_error *err)
{
	const struct window *window = &unpacker->window;

	member_failed(&unpacker->base, window->in, window->member,
		      unpacker->start);
	return member_fail(unpacker->codec, window, unpacker->verdict, err);
}

/* Makes another job the current one.  0: there is none. */
static int next_job(struct unpacker *unpacker, struct savetool_error *err)
{
	int got;

	unpacker_look_ahead(unpacker);
	got = collect(unpacker, err);
	if (got != 0)
		return got;
	if (unpacker->position == AT_FAILURE) {
		*err = unpacker->trouble;
		return -1;
	}
	if (unpacker->position == INSIDE_MEMBER)
		return fail_member(unpacker, err);
	return 0;
}

/* Makes some data visible in the current job.  0: there are none any more. */
static int need_data(struct unpacker *unpacker, struct savetool_error *err)
{
	while (!unpacker->current ||
	       unpacker->current->taken == unpacker->current->size) {
		int got;

		if (unpacker->current) {
			if (finish_current(unpacker, err) < 0)
				return -1;
			continue;
		}
		got = next_job(unpacker, err);
		if (got <= 0)
			return got;
	}
	return 1;
}

/*
 * Bytes that were decompressed before a failure are returned first: they are
 * what can still be known about a damaged image.
 */
static ssize_t read_some(struct unpacker *unpacker, void *data, size_t size,
			 struct savetool_error *err)
{
	struct piece *piece;
	int got;

	if (!unpacker->pool && start_pool(unpacker, err) < 0)
		return -1;
	got = need_data(unpacker, err);
	if (got <= 0)
		return got;
	piece = unpacker->current;
	if (piece->kind == PIECE_PART || piece_is_done(piece))
		unpacker_look_ahead(unpacker);
	if (size > piece->size - piece->taken)
		size = piece->size - piece->taken;
	memcpy(data, piece->data + piece->taken, size);
	piece->taken += size;
	return size;
}

static ssize_t unpacker_read_at(struct input *in, void *data, size_t size,
				uint64_t offset, struct savetool_error *err)
{
	struct unpacker *unpacker = (struct unpacker *)in;
	ssize_t n;

	(void)offset;
	if (unpacker->failed) {
		*err = unpacker->trouble;
		return -1;
	}
	n = read_some(unpacker, data, size, err);
	if (n < 0) {
		unpacker->failed = true;
		unpacker->trouble = *err;
	}
	return n;
}

static void unpacker_close(struct input *in)
{
	struct unpacker *unpacker = (struct unpacker *)in;
	const struct decoder *decoder = unpacker->codec->decoder;

	pool_stop(unpacker->pool);
	for (unsigned i = 0; unpacker->pool && i < pool_jobs(unpacker->pool);
	     i++)
		piece_release(pool_job(unpacker->pool, i), decoder);
	pool_free(unpacker->pool);
	decoder_release(decoder, unpacker->state);
	window_release(&unpacker->window);
	free(unpacker);
}

static const struct input_ops unpacker_ops = {
	.read_at = unpacker_read_at,
	.close = unpacker_close,
};

int members_unpack(const struct codec *codec, struct input **in,
		   struct input *packed, uint64_t offset,
		   struct savetool_error *err)
{
	struct unpacker *unpacker = calloc(1, sizeof(*unpacker));
	size_t window = 2 * codec->decoder->piece_most;

	if (!unpacker)
		return fail_memory(err);
	unpacker->base.ops = &unpacker_ops;
	unpacker->base.size = SAVETOOL_UNKNOWN;
	unpacker->codec = codec;
	unpacker->first = true;
	unpacker->pieces = codec->decoder->find != NULL;
	unpacker->ahead = 1;
	unpacker->part = PART_FIRST;
	if (window < WINDOW_LEAST)
		window = WINDOW_LEAST;
	if (window_init(&unpacker->window, packed, offset, window, err) < 0) {
		unpacker_close(&unpacker->base);
		return -1;
	}
	*in = &unpacker->base;
	return 0;
}
