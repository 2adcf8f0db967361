/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring of jobs, and the threads that work on them. */
#include "config.h"

#include "base/pool.h"

#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

struct slot {
	bool done;
	int result;
	struct savetool_error err;
};

/*
 * The counters only grow; a counter's job is at counter % jobs.  Always
 * returned <= collected <= given <= returned + jobs.
 */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t given_one, done_one;
	bool stop;
	uint64_t given, started, collected, returned;
	pool_work *work;
	void *owner;
	unsigned workers, jobs;
	size_t job_size;
	pthread_t *threads;
	struct slot *slots;
	uint8_t *memory;
};

struct worker {
	struct pool *pool;
	unsigned number;
};

static void run_job(struct pool *pool, unsigned worker)
{
	unsigned number = pool->started++ % pool->jobs;
	struct slot *slot = &pool->slots[number];

	pthread_mutex_unlock(&pool->lock);
	slot->result = pool->work(pool->owner, worker, pool_job(pool, number),
				  &slot->err);
	pthread_mutex_lock(&pool->lock);
	slot->done = true;
	pthread_cond_signal(&pool->done_one);
}

static void *work(void *data)
{
	struct worker worker = *(struct worker *)data;
	struct pool *pool = worker.pool;

	free(data);
	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		if (pool->started < pool->given)
			run_job(pool, worker.number);
		else
			pthread_cond_wait(&pool->given_one, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int start_worker(struct pool *pool, struct savetool_error *err)
{
	struct worker *worker = malloc(sizeof(*worker));
	int failed;

	if (!worker)
		return fail_memory(err);
	*worker = (struct worker){ pool, pool->workers };
	failed = pthread_create(&pool->threads[pool->workers], NULL, work,
				worker);
	if (failed) {
		free(worker);
		errno = failed;
		return fail_errno(err, "cannot start a thread");
	}
	pool->workers++;
	return 0;
}

/* Signals are handled by the program's own threads, never by a worker. */
static int start_workers(struct pool *pool, unsigned workers,
			 struct savetool_error *err)
{
	sigset_t all, before;
	int result = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (result == 0 && pool->workers < workers)
		result = start_worker(pool, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

int pool_new(struct pool **result, unsigned workers, unsigned jobs,
	     size_t job_size, pool_work *job_work, void *owner,
	     struct savetool_error *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return fail_memory(err);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->given_one, NULL);
	pthread_cond_init(&pool->done_one, NULL);
	pool->work = job_work;
	pool->owner = owner;
	pool->jobs = jobs;
	pool->job_size = job_size;
	pool->threads = calloc(workers, sizeof(*pool->threads));
	pool->slots = calloc(jobs, sizeof(*pool->slots));
	pool->memory = calloc(jobs, job_size);
	if (!pool->threads || !pool->slots || !pool->memory) {
		pool_free(pool);
		return fail_memory(err);
	}
	if (start_workers(pool, workers, err) < 0) {
		pool_free(pool);
		return -1;
	}
	*result = pool;
	return 0;
}

unsigned pool_jobs(const struct pool *pool)
{
	return pool->jobs;
}

void *pool_job(struct pool *pool, unsigned number)
{
	return pool->memory + number * pool->job_size;
}

void *pool_take(struct pool *pool)
{
	if (pool->given - pool->returned == pool->jobs)
		return NULL;
	return pool_job(pool, pool->given % pool->jobs);
}

void pool_give(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->slots[pool->given % pool->jobs].done = false;
	pool->given++;
	pthread_cond_signal(&pool->given_one);
	pthread_mutex_unlock(&pool->lock);
}

unsigned pool_pending(const struct pool *pool)
{
	return pool->given - pool->collected;
}

int pool_collect(struct pool *pool, void **job, struct savetool_error *err)
{
	unsigned number = pool->collected % pool->jobs;
	struct slot *slot = &pool->slots[number];

	if (pool->collected == pool->given)
		return 0;
	pthread_mutex_lock(&pool->lock);
	while (!slot->done)
		pthread_cond_wait(&pool->done_one, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	pool->collected++;
	if (slot->result < 0) {
		*err = slot->err;
		return -1;
	}
	*job = pool_job(pool, number);
	return 1;
}

void pool_return(struct pool *pool)
{
	pool->returned++;
}

void pool_stop(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->given_one);
	pthread_mutex_unlock(&pool->lock);
	while (pool->workers > 0)
		pthread_join(pool->threads[--pool->workers], NULL);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pool_stop(pool);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->given_one);
	pthread_cond_destroy(&pool->done_one);
	free(pool->threads);
	free(pool->slots);
	free(pool->memory);
	free(pool);
}

unsigned pool_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return CPU_COUNT(&set);
}
