/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers and jobs: the order of the results, failures, the limit on jobs, and
 * a pool that is freed while jobs are under way.
 */
#include "config.h"

#include "base/pool.h"

#include "base/error.h"

#include "unit/check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

#define JOBS 4

struct job {
	unsigned number;
	unsigned worker; /* that did it */
	bool done;
};

/* What the work of a test needs. */
struct owner {
	sem_t done[JOBS]; /* posted after the job of this number */
	sem_t started, go;
	pthread_barrier_t all_started;
};

static struct owner owner;

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < JOBS; i++)
		sem_init(&owner.done[i], 0, 0);
	sem_init(&owner.started, 0, 0);
	sem_init(&owner.go, 0, 0);
	return pthread_barrier_init(&owner.all_started, NULL, JOBS);
}

static struct pool *new_pool(unsigned workers, pool_work *work)
{
	struct pool *pool;
	struct savetool_error err;

	assert_ok(pool_new(&pool, workers, JOBS, sizeof(struct job), work,
			   &owner, &err),
		  err);
	return pool;
}

static void give(struct pool *pool, unsigned number)
{
	struct job *job = pool_take(pool);

	assert_non_null(job);
	*job = (struct job){ .number = number };
	pool_give(pool);
}

/* The next job must be done, and be this one.  It stays collected. */
static const struct job *collects(struct pool *pool, unsigned number)
{
	struct savetool_error err;
	void *job;

	assert_int_equal(pool_collect(pool, &job, &err), 1);
	assert_true(((struct job *)job)->done);
	assert_int_equal(((struct job *)job)->number, number);
	return job;
}

static int do_job(void *data, unsigned worker, void *job_data,
		  struct savetool_error *err)
{
	struct job *job = job_data;

	(void)data;
	(void)err;
	job->worker = worker;
	job->done = true;
	return 0;
}

/* Finishes only after the job that was given next. */
static int do_after_next(void *data, unsigned worker, void *job_data,
			 struct savetool_error *err)
{
	struct owner *sync = data;
	struct job *job = job_data;

	if (job->number + 1 < JOBS)
		sem_wait(&sync->done[job->number + 1]);
	do_job(data, worker, job, err);
	sem_post(&sync->done[job->number]);
	return 0;
}

/* Finishes only once all workers have a job. */
static int do_with_all(void *data, unsigned worker, void *job,
		       struct savetool_error *err)
{
	struct owner *sync = data;

	pthread_barrier_wait(&sync->all_started);
	return do_job(data, worker, job, err);
}

/* Finishes only when main says so. */
static int do_when_told(void *data, unsigned worker, void *job,
			struct savetool_error *err)
{
	struct owner *sync = data;

	sem_post(&sync->started);
	sem_wait(&sync->go);
	return do_job(data, worker, job, err);
}

static int fail_job_1(void *data, unsigned worker, void *job_data,
		      struct savetool_error *err)
{
	struct job *job = job_data;

	if (job->number == 1)
		return fail_at(err, SAVETOOL_CORRUPT, 17, "bad job");
	return do_job(data, worker, job, err);
}

/*
 * Takes the place of the C library's function: once the pool waits for its
 * workers, the jobs under way may finish.
 */
int pthread_join(pthread_t thread, void **result)
{
	int (*join)(pthread_t, void **) = dlsym(RTLD_NEXT, "pthread_join");

	for (unsigned i = 0; i < JOBS; i++)
		sem_post(&owner.go);
	return join(thread, result);
}

TEST(one_worker_does_all_jobs_in_order)
{
	struct pool *pool = new_pool(1, do_job);

	for (unsigned i = 0; i < 100; i++) {
		if (i >= JOBS) {
			collects(pool, i - JOBS);
			pool_return(pool);
		}
		give(pool, i);
	}
	pool_free(pool);
}

TEST(jobs_are_collected_in_the_order_they_were_given)
{
	struct pool *pool = new_pool(JOBS, do_after_next);

	for (unsigned i = 0; i < JOBS; i++)
		give(pool, i);
	for (unsigned i = 0; i < JOBS; i++)
		collects(pool, i);
	pool_free(pool);
}

TEST(workers_run_together_and_have_different_numbers)
{
	struct pool *pool = new_pool(JOBS, do_with_all);
	bool seen[JOBS] = { false };

	for (unsigned i = 0; i < JOBS; i++)
		give(pool, i);
	for (unsigned i = 0; i < JOBS; i++) {
		unsigned worker = collects(pool, i)->worker;

		assert_true(worker < JOBS);
		assert_false(seen[worker]);
		seen[worker] = true;
	}
	pool_free(pool);
}

TEST(without_workers_jobs_stay_pending)
{
	struct pool *pool = new_pool(0, do_job);

	give(pool, 0);
	give(pool, 1);
	assert_int_equal(pool_pending(pool), 2);
	assert_false(((struct job *)pool_job(pool, 0))->done);
	pool_free(pool);
}

TEST(a_collected_job_is_no_longer_pending)
{
	struct pool *pool = new_pool(1, do_job);

	give(pool, 0);
	give(pool, 1);
	collects(pool, 0);
	assert_int_equal(pool_pending(pool), 1);
	collects(pool, 1);
	assert_int_equal(pool_pending(pool), 0);
	pool_free(pool);
}

TEST(without_pending_jobs_nothing_is_collected)
{
	struct pool *pool = new_pool(1, do_job);
	struct savetool_error err;
	void *job;

	assert_int_equal(pool_collect(pool, &job, &err), 0);
	give(pool, 0);
	collects(pool, 0);
	assert_int_equal(pool_collect(pool, &job, &err), 0);
	pool_free(pool);
}

TEST(a_failed_job_is_reported_in_its_turn)
{
	struct pool *pool = new_pool(1, fail_job_1);
	struct savetool_error err;
	void *job;

	for (unsigned i = 0; i < 3; i++)
		give(pool, i);
	collects(pool, 0);
	assert_fails(pool_collect(pool, &job, &err), err, SAVETOOL_CORRUPT,
		     "bad job (at byte 17)");
	collects(pool, 2);
	pool_free(pool);
}

TEST(a_job_is_used_again_only_after_it_was_returned)
{
	struct pool *pool = new_pool(1, do_job);

	for (unsigned i = 0; i < JOBS; i++)
		give(pool, i);
	assert_null(pool_take(pool));
	collects(pool, 0);
	assert_null(pool_take(pool));
	pool_return(pool);
	assert_ptr_equal(pool_take(pool), pool_job(pool, 0));
	pool_free(pool);
}

TEST(the_same_job_is_taken_until_it_is_given)
{
	struct pool *pool = new_pool(1, do_job);
	void *first = pool_take(pool);

	assert_ptr_equal(pool_take(pool), first);
	pool_give(pool);
	assert_ptr_not_equal(pool_take(pool), first);
	pool_free(pool);
}

TEST(all_jobs_are_zeroed_at_first)
{
	static const struct job zeros;
	struct pool *pool = new_pool(1, do_job);

	assert_int_equal(pool_jobs(pool), JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		assert_memory_equal(pool_job(pool, i), &zeros, sizeof(zeros));
	pool_free(pool);
}

TEST(stopping_waits_for_running_jobs_and_drops_the_rest)
{
	struct pool *pool = new_pool(1, do_when_told);
	int started;

	for (unsigned i = 0; i < 3; i++)
		give(pool, i);
	sem_wait(&owner.started);
	pool_stop(pool);
	assert_true(((struct job *)pool_job(pool, 0))->done);
	assert_int_equal(sem_getvalue(&owner.started, &started), 0);
	assert_int_equal(started, 0);
	assert_false(((struct job *)pool_job(pool, 1))->done);
	pool_free(pool);
}

TEST(a_pool_is_freed_while_all_workers_have_jobs)
{
	struct pool *pool = new_pool(JOBS, do_when_told);

	for (unsigned i = 0; i < JOBS; i++)
		give(pool, i);
	for (unsigned i = 0; i < JOBS; i++)
		sem_wait(&owner.started);
	pool_free(pool);
}

TEST(no_pool_can_be_stopped_and_freed)
{
	pool_stop(NULL);
	pool_free(NULL);
}

TEST(there_is_at_least_one_processor)
{
	assert_true(pool_processors() >= 1);
}

#define pool_test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pool_test(one_worker_does_all_jobs_in_order),
		pool_test(jobs_are_collected_in_the_order_they_were_given),
		pool_test(workers_run_together_and_have_different_numbers),
		pool_test(without_workers_jobs_stay_pending),
		pool_test(a_collected_job_is_no_longer_pending),
		pool_test(without_pending_jobs_nothing_is_collected),
		pool_test(a_failed_job_is_reported_in_its_turn),
		pool_test(a_job_is_used_again_only_after_it_was_returned),
		pool_test(the_same_job_is_taken_until_it_is_given),
		pool_test(all_jobs_are_zeroed_at_first),
		pool_test(stopping_waits_for_running_jobs_and_drops_the_rest),
		pool_test(a_pool_is_freed_while_all_workers_have_jobs),
		pool_test(no_pool_can_be_stopped_and_freed),
		pool_test(there_is_at_least_one_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
