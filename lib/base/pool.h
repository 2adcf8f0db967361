/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers that share a circle of jobs.  A job is taken empty, given to the
 * workers, collected done, and returned.  They are collected in the order in
 * which they were given, so what is made of them does not depend on timing;
 * nothing is allocated on the way, so memory is bounded.
 *
 * All but the work is done by one thread, the owner's.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "savetool.h"

struct pool;

/* Runs in the worker with this number, from 0. */
typedef int pool_work(void *owner, unsigned worker, void *job,
		      struct savetool_error *err);

/* Jobs are job_size bytes each, zero at first; the pool never looks inside. */
int pool_new(struct pool **pool, unsigned workers, unsigned jobs,
	     size_t job_size, pool_work *work, void *owner,
	     struct savetool_error *err);

/* How many there are, for whoever releases what they hold. */
unsigned pool_jobs(const struct pool *pool);
void *pool_job(struct pool *pool, unsigned number);

/* The next empty job, the same until it is given.  NULL: none is empty. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool);

/* How many were given and not yet collected. */
unsigned pool_pending(const struct pool *pool);

/*
 * Waits for the oldest job and its work's result; 1: *job is there, 0: none
 * is pending.  A job stays collected until it is returned.
 */
int pool_collect(struct pool *pool, void **job, struct savetool_error *err);
void pool_return(struct pool *pool);

/* Waits for the jobs at work, and drops the others.  NULL is fine. */
void pool_stop(struct pool *pool);
void pool_free(struct pool *pool);

/* How many processors this process may use, at least 1. */
unsigned pool_processors(void);

#endif
