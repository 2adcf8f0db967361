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
#include "base/pool.h"
#include "codec/piece.h"
#include "codec/window.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_LEAST (256 << 10)

/* Two more than workers: one is being read, one filled. */
#define JOBS(workers) ((workers) + 2)

/* What is at the window. */
enum position {
	AT_BOUNDARY,   /* a member or the end: not looked at yet */
	INSIDE_MEMBER, /* in the middle of one that is no piece */
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
	uint64_t start; /* of that member, in the decompressed bytes */
	uint64_t made;  /* decompressed bytes that were collected */
	struct pool *pool;
	unsigned ahead; /* how many jobs may be pending */
	size_t part;    /* how much the next part makes */
	struct piece *current;
};

static int unpack_job(void *owner, unsigned worker, void *job,
		      struct savetool_error *err)
{
	struct unpacker *unpacker = owner;
	struct piece *piece = job;

	(void)worker;
	(void)err;
	if (piece->whole)
		piece_unpack(piece, unpacker->codec->decoder);
	else
		piece_unpack_part(piece, unpacker->codec->decoder,
				  unpacker->state, &unpacker->window);
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
	piece->whole = true;
	piece->limit = decoder->space;
	window_consume(window, *size);
	pool_give(unpacker->pool);
	return 0;
}

static int give_part(struct unpacker *unpacker, struct piece *piece,
		     struct savetool_error *err)
{
	if (window_fill(&unpacker->window, 1, err) < 0)
		return -1;
	piece->whole = false;
	piece->limit = unpacker->part;
	pool_give(unpacker->pool);
	return 0;
}

/* Begins a member that is no piece, once all before it has been collected. */
static int begin_member(struct unpacker *unpacker, struct savetool_error *err)
{
	unpacker->verdict = decoder_begin(unpacker->codec->decoder,
					  &unpacker->state, false);
	if (unpacker->verdict == STEP_NO_MEMORY)
		return fail_memory(err);
	unpacker->start = unpacker->made;
	unpacker->position = INSIDE_MEMBER;
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
		return pending < unpacker->ahead;
	case INSIDE_MEMBER:
		return pending == 0 && unpacker->verdict == STEP_MORE;
	case AT_END:
	case AT_FAILURE:
		break;
	}
	return false;
}

/* A failure found ahead is reported once the reader gets there. */
static void look_ahead(struct unpacker *unpacker)
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
		if (unpacker->position == before &&
		    pool_pending(unpacker->pool) == pending)
			return;
	}
}

/* Has the piece come out as the file says? */
static bool piece_is_done(const struct piece *piece)
{
	return piece->verdict == STEP_END && piece->used == piece->packed_size;
}

/* What a part says of the member that it belongs to. */
static void end_part(struct unpacker *unpacker, const struct piece *part)
{
	unpacker->verdict = part->verdict;
	if (part->verdict == STEP_END)
		unpacker->position = AT_BOUNDARY;
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
	struct piece *piece;
	void *job;
	int got = pool_collect(unpacker->pool, &job, err);

	if (got <= 0)
		return got;
	piece = job;
	piece->taken = 0;
	if (piece->whole)
		piece->start = unpacker->made;
	else
		end_part(unpacker, piece);
	unpacker->made += piece->size;
	unpacker->current = piece;
	unpacker->ahead++;
	return 1;
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
		got = window_put_back(&unpacker->window, later[i - 1]->packed,
				      later[i - 1]->packed_size, err);
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
	    window_put_back(window, piece->packed + piece->used,
			    piece->packed_size - piece->used, err) < 0)
		return -1;
	window->member = piece->offset;
	window->alone = window->passed = false;
	unpacker->state = piece->state;
	piece->state = state;
	unpacker->start = piece->start;
	unpacker->verdict = piece->verdict;
	unpacker->pieces = false;
	unpacker->position =
		piece->verdict == STEP_END ? AT_BOUNDARY : INSIDE_MEMBER;
	return 0;
}

/* What is to be done once all data of the current job have been read. */
static int finish_current(struct unpacker *unpacker, struct savetool_error *err)
{
	struct piece *piece = unpacker->current;

	if (piece->whole && piece->verdict == STEP_MORE &&
	    piece->size == piece->limit) {
		piece_go_on(piece, unpacker->codec->decoder);
		unpacker->made += piece->size;
		return 0;
	}
	unpacker->current = NULL;
	if (piece->whole && !piece_is_done(piece))
		return take_over(unpacker, piece, err);
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

	look_ahead(unpacker);
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
	if (!piece->whole || piece_is_done(piece))
		look_ahead(unpacker);
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
