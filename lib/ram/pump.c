/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread reads ahead of another that writes. */
#include "config.h"

#include "ram/pump.h"

#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* The batches from emptied to filled are full, each modulo the depth. */
struct circle {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned filled, emptied;
	bool source_ended; /* no more batches will be filled */
	bool stopped;      /* the sink failed: fill no more */
	bool source_failed;
	struct savetool_error source_error;
	struct page_source *source;
	struct page_batch raw; /* before it is split */
	struct page_batch batches[PUMP_DEPTH];
};

static struct page_batch *batch_to_fill(struct circle *circle)
{
	struct page_batch *batch = NULL;

	pthread_mutex_lock(&circle->lock);
	while (!circle->stopped &&
	       circle->filled - circle->emptied == PUMP_DEPTH)
		pthread_cond_wait(&circle->moved, &circle->lock);
	if (!circle->stopped)
		batch = &circle->batches[circle->filled % PUMP_DEPTH];
	pthread_mutex_unlock(&circle->lock);
	return batch;
}

static void batch_filled(struct circle *circle)
{
	pthread_mutex_lock(&circle->lock);
	circle->filled++;
	pthread_cond_signal(&circle->moved);
	pthread_mutex_unlock(&circle->lock);
}

/* NULL: the source has ended or failed, and all batches are empty. */
static struct page_batch *batch_to_empty(struct circle *circle)
{
	struct page_batch *batch = NULL;

	pthread_mutex_lock(&circle->lock);
	while (!circle->source_ended && circle->filled == circle->emptied)
		pthread_cond_wait(&circle->moved, &circle->lock);
	if (circle->filled != circle->emptied)
		batch = &circle->batches[circle->emptied % PUMP_DEPTH];
	pthread_mutex_unlock(&circle->lock);
	return batch;
}

static void batch_emptied(struct circle *circle, struct page_batch *batch)
{
	page_batch_clear(batch);
	pthread_mutex_lock(&circle->lock);
	circle->emptied++;
	pthread_cond_signal(&circle->moved);
	pthread_mutex_unlock(&circle->lock);
}

static void set_flag(struct circle *circle, bool *flag)
{
	pthread_mutex_lock(&circle->lock);
	*flag = true;
	pthread_cond_signal(&circle->moved);
	pthread_mutex_unlock(&circle->lock);
}

static void *read_ahead(void *data)
{
	struct circle *circle = data;
	struct page_source *source = circle->source;
	struct page_batch *batch;
	int more = 0;

	while ((batch = batch_to_fill(circle)) != NULL) {
		more = source->ops->next(source, &circle->raw,
					 &circle->source_error);
		if (more <= 0)
			break;
		page_batch_part(batch, &circle->raw, source->layout->page_size);
		page_batch_clear(&circle->raw);
		batch_filled(circle);
	}
	page_batch_clear(&circle->raw);
	circle->source_failed = more < 0;
	set_flag(circle, &circle->source_ended);
	return NULL;
}

/* Signals are for the caller's threads, which handle them. */
static int start_reading(struct circle *circle, pthread_t *thread,
			 struct savetool_error *err)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	failed = pthread_create(thread, NULL, read_ahead, circle);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		return 0;
	errno = failed;
	return fail_errno(err, "cannot start a thread");
}

static int report(const struct savetool_monitor *monitor, uint64_t done,
		  uint64_t total, struct savetool_error *err)
{
	if (!monitor || monitor->progress(monitor->data, done, total) == 0)
		return 0;
	return fail(err, SAVETOOL_CANCELLED, "interrupted");
}

static int empty_batches(struct circle *circle, struct page_sink *sink,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	struct page_batch *batch;

	while ((batch = batch_to_empty(circle)) != NULL) {
		if (report(monitor, batch->progress, circle->source->total,
			   err) < 0 ||
		    sink->ops->put(sink, batch, err) < 0)
			return -1;
		batch_emptied(circle, batch);
	}
	return 0;
}

static void circle_free(struct circle *circle)
{
	for (unsigned i = 0; i < PUMP_DEPTH; i++)
		page_batch_clear(&circle->batches[i]);
	pthread_mutex_destroy(&circle->lock);
	pthread_cond_destroy(&circle->moved);
	free(circle);
}

int pump(struct page_source *source, struct page_sink *sink,
	 const struct savetool_monitor *monitor, struct savetool_error *err)
{
	struct circle *circle = calloc(1, sizeof(*circle));
	pthread_t reader;
	int result;

	if (!circle)
		return fail_memory(err);
	pthread_mutex_init(&circle->lock, NULL);
	pthread_cond_init(&circle->moved, NULL);
	circle->source = source;
	if (start_reading(circle, &reader, err) < 0) {
		circle_free(circle);
		return -1;
	}
	result = empty_batches(circle, sink, monitor, err);
	if (result < 0)
		set_flag(circle, &circle->stopped);
	pthread_join(reader, NULL);
	if (result == 0 && circle->source_failed) {
		*err = circle->source_error;
		result = -1;
	}
	circle_free(circle);
	return result;
}
