/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread reads ahead of another that writes. */
#include "config.h"

#include "ram/pump.h"

#include "base/error.h"
#include "base/monitor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/*
 * The lock protects the fields after it, except that the reader owns a batch
 * while it fills it, and the caller while it empties it.  The batches from
 * emptied to filled are full, each modulo the depth.
 */
struct pump {
	pthread_t reader;
	bool started; /* the reader is running */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct page_source
		*source; /* owned by the reader; NULL: it waits for one */
	const struct page_sink *sink; /* of the same pages */
	unsigned filled, emptied;
	unsigned enough; /* full batches for which the caller is woken */
	bool stopped;    /* the sink failed: fill no more */
	bool closing;    /* no more sources will come */
	bool source_failed;
	struct savetool_error source_error;
	struct page_batch raw; /* owned by the reader: before it is split */
	struct page_batch batches[PUMP_DEPTH];
};

/*
 * A thread that has to wait does so until half of the batches are there for it,
 * since to be woken takes long.  But the first batch of a section is emptied at
 * once: QEMU's sections have only a few.
 */
#define PUMP_HALF (PUMP_DEPTH / 2)

static unsigned full_batches(const struct pump *pump)
{
	return pump->filled - pump->emptied;
}

static struct page_batch *batch_to_fill(struct pump *pump)
{
	struct page_batch *batch = NULL;

	pthread_mutex_lock(&pump->lock);
	if (full_batches(pump) == PUMP_DEPTH)
		while (!pump->stopped && full_batches(pump) > PUMP_HALF)
			pthread_cond_wait(&pump->moved, &pump->lock);
	if (!pump->stopped)
		batch = &pump->batches[pump->filled % PUMP_DEPTH];
	pthread_mutex_unlock(&pump->lock);
	return batch;
}

static void batch_filled(struct pump *pump)
{
	pthread_mutex_lock(&pump->lock);
	pump->filled++;
	if (full_batches(pump) >= pump->enough)
		pthread_cond_signal(&pump->moved);
	pthread_mutex_unlock(&pump->lock);
}

/* NULL: the source has ended or failed, and all batches are empty. */
static struct page_batch *batch_to_empty(struct pump *pump)
{
	struct page_batch *batch = NULL;

	pthread_mutex_lock(&pump->lock);
	if (full_batches(pump) == 0)
		while (pump->source && full_batches(pump) < pump->enough)
			pthread_cond_wait(&pump->moved, &pump->lock);
	pump->enough = PUMP_HALF;
	if (pump->filled != pump->emptied)
		batch = &pump->batches[pump->emptied % PUMP_DEPTH];
	pthread_mutex_unlock(&pump->lock);
	return batch;
}

static void batch_emptied(struct pump *pump, struct page_batch *batch)
{
	page_batch_clear(batch);
	pthread_mutex_lock(&pump->lock);
	pump->emptied++;
	if (full_batches(pump) <= PUMP_HALF)
		pthread_cond_signal(&pump->moved);
	pthread_mutex_unlock(&pump->lock);
}

/* NULL: there will be none. */
static struct page_source *wait_for_source(struct pump *pump)
{
	struct page_source *source;

	pthread_mutex_lock(&pump->lock);
	while (!pump->source && !pump->closing)
		pthread_cond_wait(&pump->moved, &pump->lock);
	source = pump->source;
	pthread_mutex_unlock(&pump->lock);
	return source;
}

/*
 * Under the lock, so that the caller sees everything that the reader did with
 * it.
 */
static void let_source_go(struct pump *pump, bool failed)
{
	pthread_mutex_lock(&pump->lock);
	pump->source = NULL;
	pump->source_failed = failed;
	pthread_cond_signal(&pump->moved);
	pthread_mutex_unlock(&pump->lock);
}

static int read_source(struct pump *pump, struct page_source *source)
{
	struct page_batch *batch;
	int more = 0;

	while ((batch = batch_to_fill(pump)) != NULL) {
		more = source->ops->next(source, &pump->raw,
					 &pump->source_error);
		/* What came before a failure is passed on, too. */
		if (more <= 0 && pump->raw.count == 0)
			break;
		page_batch_part(batch, &pump->raw, source->layout->page_size);
		page_batch_clear(&pump->raw);
		page_sink_prepare(pump->sink, batch);
		batch_filled(pump);
		if (more <= 0)
			break;
	}
	page_batch_clear(&pump->raw);
	return more;
}

static void *read_ahead(void *data)
{
	struct pump *pump = data;
	struct page_source *source;

	while ((source = wait_for_source(pump)) != NULL)
		let_source_go(pump, read_source(pump, source) < 0);
	return NULL;
}

/* Signals are for the caller's threads, which handle them. */
static int start_reader(struct pump *pump, struct savetool_error *err)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	failed = pthread_create(&pump->reader, NULL, read_ahead, pump);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		errno = failed;
		return fail_errno(err, "cannot start a thread");
	}
	pump->started = true;
	return 0;
}

static void hand_over(struct pump *pump, struct page_source *source,
		      const struct page_sink *sink)
{
	pthread_mutex_lock(&pump->lock);
	pump->source = source;
	pump->sink = sink;
	pump->enough = 1;
	pthread_cond_signal(&pump->moved);
	pthread_mutex_unlock(&pump->lock);
}

static int empty_batches(struct pump *pump, uint64_t total,
			 struct page_sink *sink,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	struct page_batch *batch;

	while ((batch = batch_to_empty(pump)) != NULL) {
		if (monitor_report(monitor, batch->progress, total, err) < 0 ||
		    sink->ops->put(sink, batch, err) < 0)
			return -1;
		batch_emptied(pump, batch);
	}
	return 0;
}

/* After a failure: drops what was read. */
static void take_source_back(struct pump *pump)
{
	pthread_mutex_lock(&pump->lock);
	pump->stopped = true;
	pthread_cond_signal(&pump->moved);
	while (pump->source)
		pthread_cond_wait(&pump->moved, &pump->lock);
	pump->stopped = false;
	pump->filled = pump->emptied = 0;
	pthread_mutex_unlock(&pump->lock);
	for (unsigned i = 0; i < PUMP_DEPTH; i++)
		page_batch_clear(&pump->batches[i]);
}

int pump_run(struct pump *pump, struct page_source *source,
	     struct page_sink *sink, const struct savetool_monitor *monitor,
	     struct savetool_error *err)
{
	if (!pump->started && start_reader(pump, err) < 0)
		return -1;
	hand_over(pump, source, sink);
	if (empty_batches(pump, source->total, sink, monitor, err) < 0) {
		take_source_back(pump);
		return -1;
	}
	if (!pump->source_failed)
		return 0;
	*err = pump->source_error;
	return -1;
}

int pump_new(struct pump **result, struct savetool_error *err)
{
	struct pump *pump = calloc(1, sizeof(*pump));

	if (!pump)
		return fail_memory(err);
	pthread_mutex_init(&pump->lock, NULL);
	pthread_cond_init(&pump->moved, NULL);
	*result = pump;
	return 0;
}

void pump_free(struct pump *pump)
{
	if (!pump)
		return;
	if (pump->started) {
		pthread_mutex_lock(&pump->lock);
		pump->closing = true;
		pthread_cond_signal(&pump->moved);
		pthread_mutex_unlock(&pump->lock);
		pthread_join(pump->reader, NULL);
	}
	for (unsigned i = 0; i < PUMP_DEPTH; i++)
		free(pump->batches[i].prepared);
	pthread_mutex_destroy(&pump->lock);
	pthread_cond_destroy(&pump->moved);
	free(pump);
}
