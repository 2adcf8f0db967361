/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decompresses frames ahead of the reader, as far as there are jobs.  The
 * reader itself decompresses a frame that is too large for that, of unknown
 * size or broken, once all frames before it are done.
 */
#include "config.h"

#include "codec/zstd_frames.h"

#include "base/error.h"
#include "base/pool.h"
#include "codec/window.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Four workers decompress nearly as much as one writer can take. */
#define WORKERS_MOST 4

/* Two more than workers: one is being read, one filled. */
#define JOBS(workers) ((workers) + 2)

/* The largest header of a frame, with its magic. */
#define FRAME_HEADER_MOST 18

struct unpacking {
	uint64_t offset; /* of the frame, in the file */
	uint8_t *packed, *data;
	size_t packed_size, size;
};

/* What is at the window. */
enum position {
	AT_BOUNDARY,  /* a frame or the end: not looked at yet */
	AT_SINGLE,    /* a frame that the reader decompresses itself */
	INSIDE_FRAME, /* in the middle of such a frame */
	AT_END,
	AT_FAILURE, /* neither a frame nor the end: see trouble */
};

struct frames {
	struct input base;
	const struct codec *codec;
	struct window window;
	enum position position;
	bool first;
	struct savetool_error trouble;
	enum step verdict; /* of the single frame's last step */
	void *state;       /* its decoder's */
	bool begun;
	bool failed;    /* final: trouble says why */
	uint64_t start; /* of the single frame, in the decompressed bytes */
	struct pool *pool;
	unsigned workers;
	ZSTD_DCtx *contexts[WORKERS_MOST];
	unsigned ahead; /* how many jobs may be pending */
	const struct unpacking *current;
	size_t taken; /* how many of its bytes were read */
};

static int unpack_job(void *owner, unsigned worker, void *job,
		      struct savetool_error *err)
{
	struct frames *frames = owner;
	struct unpacking *unpacking = job;
	size_t size = ZSTD_decompressDCtx(
		frames->contexts[worker], unpacking->data, unpacking->size,
		unpacking->packed, unpacking->packed_size);

	if (ZSTD_isError(size))
		return fail_at(err, SAVETOOL_CORRUPT, unpacking->offset,
			       "zstd frame is damaged: %s",
			       ZSTD_getErrorName(size));
	if (size != unpacking->size)
		return fail_at(err, SAVETOOL_CORRUPT, unpacking->offset,
			       "zstd frame holds %zu bytes instead of %zu",
			       size, unpacking->size);
	return 0;
}

static int start_pool(struct frames *frames, struct savetool_error *err)
{
	frames->workers = pool_processors();
	if (frames->workers > WORKERS_MOST)
		frames->workers = WORKERS_MOST;
	for (unsigned i = 0; i < frames->workers; i++) {
		frames->contexts[i] = ZSTD_createDCtx();
		if (!frames->contexts[i])
			return fail_memory(err);
	}
	return pool_new(&frames->pool, frames->workers, JOBS(frames->workers),
			sizeof(struct unpacking), unpack_job, frames, err);
}

/*
 * The compressed size of the frame at the window if it can be decompressed in
 * parallel, otherwise 0.  ZSTD_findFrameCompressedSize() goes from block to
 * block and so needs the whole frame to be visible.
 */
static int small_frame(struct frames *frames, size_t *size, size_t *content,
		       struct savetool_error *err)
{
	struct window *window = &frames->window;
	unsigned long long tells;

	*size = 0;
	if (window_fill(window, FRAME_HEADER_MOST, err) < 0)
		return -1;
	tells = ZSTD_getFrameContentSize(window->next, window->left);
	if (tells == 0 || tells > ZSTD_FRAME)
		return 0;
	*size = ZSTD_findFrameCompressedSize(window->next, window->left);
	if (ZSTD_isError(*size)) {
		if (window_fill(window, window->size, err) < 0)
			return -1;
		*size = ZSTD_findFrameCompressedSize(window->next,
						     window->left);
	}
	if (ZSTD_isError(*size) || *size > ZSTD_COMPRESSBOUND(ZSTD_FRAME))
		*size = 0;
	*content = tells;
	return 0;
}

static int allocate(struct unpacking *job, struct savetool_error *err)
{
	if (!job->packed)
		job->packed = malloc(ZSTD_COMPRESSBOUND(ZSTD_FRAME));
	if (!job->data)
		job->data = malloc(ZSTD_FRAME);
	return job->packed && job->data ? 0 : fail_memory(err);
}

/* Looks at what is at the window, and gives a small frame to the workers. */
static int look(struct frames *frames, struct unpacking *job,
		struct savetool_error *err)
{
	struct window *window = &frames->window;
	size_t size, content;
	int found = member_find(frames->codec, window, frames->first, err);

	if (found < 0)
		return -1;
	frames->first = false;
	frames->position = found ? AT_SINGLE : AT_END;
	if (!found)
		return 0;
	if (small_frame(frames, &size, &content, err) < 0)
		return -1;
	if (size == 0)
		return 0;
	if (allocate(job, err) < 0)
		return -1;
	job->offset = window->offset;
	job->packed_size = size;
	job->size = content;
	memcpy(job->packed, window->next, size);
	window_consume(window, size);
	pool_give(frames->pool);
	frames->position = AT_BOUNDARY;
	return 0;
}

/* A failure found ahead is reported once the reader gets there. */
static void look_ahead(struct frames *frames)
{
	while (frames->position == AT_BOUNDARY &&
	       pool_pending(frames->pool) < frames->ahead) {
		struct unpacking *job = pool_take(frames->pool);

		if (!job)
			return;
		if (look(frames, job, &frames->trouble) < 0)
			frames->position = AT_FAILURE;
	}
}

static int fail_single(struct frames *frames, enum step verdict,
		       struct savetool_error *err)
{
	const struct window *window = &frames->window;

	member_failed(&frames->base, window->in, window->member, frames->start);
	return member_fail(frames->codec, window, verdict, err);
}

/*
 * Decompresses as much of the single frame as fits, until there is something.
 */
static ssize_t read_single(struct frames *frames, void *data, size_t size,
			   uint64_t offset, struct savetool_error *err)
{
	struct window *window = &frames->window;
	struct span span = { .to = data, .space = size };

	if (frames->position == AT_SINGLE) {
		frames->begun = true;
		if (!frames->codec->decoder->begin(frames->state))
			return fail_memory(err);
		frames->position = INSIDE_FRAME;
		frames->start = offset;
	}
	while (frames->position == INSIDE_FRAME && span.space == size) {
		if (frames->verdict != STEP_MORE)
			return fail_single(frames, frames->verdict, err);
		if (window_fill(window, 1, err) < 0)
			return -1;
		span.from = window->next;
		span.left = window->left;
		frames->verdict =
			frames->codec->decoder->step(frames->state, &span);
		if (frames->verdict == STEP_END) {
			frames->verdict = STEP_MORE;
			frames->position = AT_BOUNDARY;
		} else if (window->left == 0 && span.space == size) {
			return fail_single(frames, STEP_MORE, err);
		}
		window_consume(window, window->left - span.left);
	}
	return size - span.space;
}

static size_t read_current(struct frames *frames, void *data, size_t size)
{
	const struct unpacking *current = frames->current;

	if (size > current->size - frames->taken)
		size = current->size - frames->taken;
	memcpy(data, current->data + frames->taken, size);
	frames->taken += size;
	if (frames->taken == current->size) {
		frames->current = NULL;
		pool_return(frames->pool);
	}
	return size;
}

/*
 * Collects the oldest frame from the workers.  The first frame is decompressed
 * alone, then one more ahead each time: a caller that reads only the beginning
 * of an image should not wait for what follows.
 */
static int collect(struct frames *frames, uint64_t offset,
		   struct savetool_error *err)
{
	void *job;
	int got = pool_collect(frames->pool, &job, err);

	if (got < 0)
		member_failed(&frames->base, frames->window.in, err->offset,
			      offset);
	if (got <= 0)
		return got;
	frames->current = job;
	frames->taken = 0;
	frames->ahead++;
	return 1;
}

/* Reads what the workers, or the reader itself, decompressed; 0: neither. */
static ssize_t read_some(struct frames *frames, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	if (!frames->current) {
		look_ahead(frames);
		if (collect(frames, offset, err) < 0)
			return -1;
	}
	if (frames->current) {
		look_ahead(frames);
		return read_current(frames, data, size);
	}
	if (frames->position == AT_FAILURE) {
		*err = frames->trouble;
		return -1;
	}
	return read_single(frames, data, size, offset, err);
}

static ssize_t frames_read_at(struct input *in, void *data, size_t size,
			      uint64_t offset, struct savetool_error *err)
{
	struct frames *frames = (struct frames *)in;
	ssize_t n;

	if (frames->failed) {
		*err = frames->trouble;
		return -1;
	}
	do {
		n = read_some(frames, data, size, offset, err);
	} while (n == 0 && frames->position != AT_END);
	if (n < 0) {
		frames->failed = true;
		frames->trouble = *err;
	}
	return n;
}

static void frames_close(struct input *in)
{
	struct frames *frames = (struct frames *)in;

	pool_stop(frames->pool);
	for (unsigned i = 0; frames->pool && i < pool_jobs(frames->pool); i++) {
		struct unpacking *job = pool_job(frames->pool, i);

		free(job->packed);
		free(job->data);
	}
	pool_free(frames->pool);
	for (unsigned i = 0; i < WORKERS_MOST; i++)
		ZSTD_freeDCtx(frames->contexts[i]);
	if (frames->begun)
		frames->codec->decoder->end(frames->state);
	window_release(&frames->window);
	free(frames->state);
	free(frames);
}

static const struct input_ops frames_ops = {
	.read_at = frames_read_at,
	.close = frames_close,
};

int zstd_frames_unpack(const struct codec *codec, struct input **in,
		       struct input *packed, uint64_t offset,
		       struct savetool_error *err)
{
	struct frames *frames = calloc(1, sizeof(*frames));

	if (!frames)
		return fail_memory(err);
	frames->base.ops = &frames_ops;
	frames->base.size = SAVETOOL_UNKNOWN;
	frames->codec = codec;
	frames->first = true;
	frames->ahead = 1;
	frames->state = calloc(1, codec->decoder->state_size);
	if (!frames->state) {
		frames_close(&frames->base);
		return fail_memory(err);
	}
	if (window_init(&frames->window, packed, offset,
			2 * ZSTD_COMPRESSBOUND(ZSTD_FRAME), err) < 0 ||
	    start_pool(frames, err) < 0) {
		frames_close(&frames->base);
		return -1;
	}
	*in = &frames->base;
	return 0;
}
