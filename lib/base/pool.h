/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers that share a ring of jobs.  The owner takes an empty job, gives it to
 * the workers, collects it when it is done, and returns it.  Jobs are collected
 * in the order in which they were given, so the result does not depend on
 * timing.  Nothing is allocated after pool_new(), so memory is bounded.
 *
 * Everything but the work itself is done by one thread, the owner's.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "savetool.h"

struct pool;

/* Runs in the worker with this number, from 0. */
typedef int pool_work(void *owner, unsigned worker, void *job,
		      struct savetool_error *err);

/*
 * Jobs have job_size bytes each, zeroed at first; the pool never looks inside.
 */
int pool_new(struct pool **pool, unsigned workers, unsigned jobs,
	     size_t job_size, pool_work *work, void *owner,
	     struct savetool_error *err);

/* All jobs, for an owner that releases what they hold. */
unsigned pool_jobs(const struct pool *pool);
void *pool_job(struct pool *pool, unsigned number);

/* The next empty job, the same one until it is given.  NULL: none is empty. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool);

/* How many jobs were given and not yet collected. */
unsigned pool_pending(const struct pool *pool);

/*
 * Waits for the oldest job, and returns -1 if its work failed.  1: *job is that
 * job, 0: none is pending.  A job stays collected until it is returned.
 */
int pool_collect(struct pool *pool, void **job, struct savetool_error *err);
void pool_return(struct pool *pool);

/* Waits for jobs at work and drops the others.  NULL is fine. */
void pool_stop(struct pool *pool);
void pool_free(struct pool *pool);

/* How many processors this process may use, at least 1. */
unsigned pool_processors(void);

#endif
