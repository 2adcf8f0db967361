/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pump: order, sections, failures on either side, a stop from outside, and
 * that it always comes to an end.
 */
#include "config.h"

#include "base/error.h"
#include "ram/pump.h"

#include "unit/pages.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

/* A source of batches of one page each, whose first word is its number. */
struct counter {
	struct page_source base;
	struct chunk_pool *pool; /* NULL: pages without data */
	unsigned next, end;
	unsigned fails_at; /* this batch, counted from 1; 0: none */
};

static int counter_next(struct page_source *source, struct page_batch *batch,
			struct savetool_error *err)
{
	struct counter *counter = (struct counter *)source;
	struct page_run run =
		run_of(source->layout, 0, PAGE_ZERO,
		       counter->next * (uint64_t)PAGE, PAGE, NULL);

	assert_int_equal(batch->count, 0);
	assert_null(batch->chunks[0]);
	if (counter->next + 1 == counter->fails_at) {
		return fail(err, SAVETOOL_CORRUPT, "source is told to fail");
	}
	if (counter->next == counter->end)
		return 0;
	if (counter->pool) {
		for (unsigned i = 0; i < 2; i++)
			batch->chunks[i] = chunk_take(counter->pool);
		run.kind = PAGE_DATA;
		run.data = batch->chunks[1]->data;
		memset(batch->chunks[1]->data, 0, PAGE);
		memcpy(batch->chunks[1]->data, &counter->next,
		       sizeof(counter->next));
	}
	counter->next++;
	batch->progress = counter->next;
	page_batch_add(batch, &run);
	return 1;
}

/* A sink that sees that the pages come in order, each once. */
struct checker {
	struct page_sink base;
	unsigned next;
	unsigned fails_at;
	unsigned pause; /* in µs, now and then */
};

static int checker_put(struct page_sink *sink, const struct page_batch *batch,
		       struct savetool_error *err)
{
	struct checker *checker = (struct checker *)sink;
	const struct page_run *run = &batch->runs[0];
	unsigned number = checker->next;

	assert_int_equal(batch->count, 1);
	assert_int_equal(run->offset, checker->next * (uint64_t)PAGE);
	if (run->data)
		memcpy(&number, run->data, sizeof(number));
	assert_int_equal(number, checker->next);
	checker->next++;
	if (checker->pause && checker->next % 50 == 0)
		usleep(checker->pause);
	if (checker->next != checker->fails_at)
		return 0;
	return fail(err, SAVETOOL_SYSTEM, "sink is told to fail");
}

struct fixture {
	struct ram_layout layout;
	struct counter source;
	struct checker sink;
	struct pump *pump;
};

static void open_fixture(struct fixture *fixture, unsigned batches)
{
	struct savetool_error err;
	static const struct page_source_ops source_ops = { counter_next };
	static const struct page_sink_ops sink_ops = { .put = checker_put };

	memset(fixture, 0, sizeof(*fixture));
	fixture->layout =
		layout_of(PAGE, "pc.ram", (uint64_t)batches * PAGE, NULL);
	fixture->source.base.ops = &source_ops;
	fixture->source.base.layout = &fixture->layout;
	fixture->source.base.total = batches;
	fixture->source.end = batches;
	fixture->sink.base.ops = &sink_ops;
	assert_ok(pump_new(&fixture->pump, &err), err);
}

static void close_fixture(struct fixture *fixture)
{
	pump_free(fixture->pump);
	ram_layout_free(&fixture->layout);
}

static int run_pump(struct fixture *fixture,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	return pump_run(fixture->pump, &fixture->source.base,
			&fixture->sink.base, monitor, err);
}

/* The batches up to end, as a section of their own. */
static int run_section(struct fixture *fixture, unsigned end,
		       struct savetool_error *err)
{
	fixture->source.end = end;
	return run_pump(fixture, NULL, err);
}

/* Waits for ever unless all have come back. */
static void take_all_chunks(struct chunk_pool *pool)
{
	for (unsigned i = 0; i < PUMP_CHUNKS; i++)
		chunk_take(pool);
}

/* The thread that the first batch of each section was read by. */
struct thread_source {
	struct page_source base;
	pthread_t thread;
};

static int thread_next(struct page_source *source, struct page_batch *batch,
		       struct savetool_error *err)
{
	struct thread_source *thread = (struct thread_source *)source;

	(void)batch;
	(void)err;
	thread->thread = pthread_self();
	return 0;
}

TEST(an_empty_source_ends_at_once)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 0);
	assert_ok(run_pump(&fixture, NULL, &err), err);
	assert_int_equal(fixture.sink.next, 0);
	close_fixture(&fixture);
}

TEST(all_batches_pass_in_order)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 20000);
	assert_ok(run_pump(&fixture, NULL, &err), err);
	assert_int_equal(fixture.sink.next, 20000);
	close_fixture(&fixture);
}

TEST(a_pump_without_sections_ends)
{
	struct savetool_error err;
	struct pump *pump;

	assert_ok(pump_new(&pump, &err), err);
	pump_free(pump);
	pump_free(NULL);
}

TEST(sections_follow_each_other_in_order)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 2000);
	for (unsigned section = 1; section <= 1000; section++) {
		assert_ok(run_section(&fixture, 2 * section, &err), err);
		assert_int_equal(fixture.sink.next, 2 * section);
	}
	close_fixture(&fixture);
}

TEST(empty_sections_between_others_pass)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 80);
	assert_ok(run_section(&fixture, 0, &err), err);
	assert_ok(run_section(&fixture, 40, &err), err);
	assert_ok(run_section(&fixture, 40, &err), err);
	assert_ok(run_section(&fixture, 80, &err), err);
	assert_int_equal(fixture.sink.next, 80);
	close_fixture(&fixture);
}

TEST(one_thread_reads_all_sections)
{
	static const struct page_source_ops ops = { thread_next };
	struct thread_source source = { .base.ops = &ops };
	struct fixture fixture;
	struct savetool_error err;
	pthread_t first;

	open_fixture(&fixture, 1);
	source.base.layout = &fixture.layout;
	for (unsigned section = 0; section < 20; section++) {
		source.thread = pthread_self();
		assert_ok(pump_run(fixture.pump, &source.base,
				   &fixture.sink.base, NULL, &err),
			  err);
		if (section == 0)
			first = source.thread;
		assert_true(pthread_equal(source.thread, first));
		assert_false(pthread_equal(source.thread, pthread_self()));
	}
	close_fixture(&fixture);
}

TEST(all_chunks_are_back_after_each_section)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 100);
	for (unsigned section = 1; section <= 10; section++) {
		struct chunk_pool *pool;

		assert_ok(chunk_pool_new(&pool, PUMP_CHUNKS, &err), err);
		fixture.source.pool = pool;
		assert_ok(run_section(&fixture, 10 * section, &err), err);
		take_all_chunks(pool);
		chunk_pool_free(pool);
	}
	close_fixture(&fixture);
}

TEST(a_source_fails_in_the_second_section)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 100);
	assert_ok(run_section(&fixture, 40, &err), err);
	fixture.source.fails_at = 61;
	assert_fails(run_section(&fixture, 100, &err), err, SAVETOOL_CORRUPT,
		     "source is told to fail");
	assert_int_equal(fixture.sink.next, 60);
	close_fixture(&fixture);
}

TEST(a_sink_fails_in_the_second_section)
{
	struct fixture fixture;
	struct chunk_pool *pool;
	struct savetool_error err;

	open_fixture(&fixture, 100000);
	assert_ok(chunk_pool_new(&pool, PUMP_CHUNKS, &err), err);
	fixture.source.pool = pool;
	assert_ok(run_section(&fixture, 40, &err), err);
	fixture.sink.fails_at = 60;
	assert_fails(run_section(&fixture, 100000, &err), err, SAVETOOL_SYSTEM,
		     "sink is told to fail");
	assert_int_equal(fixture.sink.next, 60);
	take_all_chunks(pool);
	chunk_pool_free(pool);
	close_fixture(&fixture);
}

TEST(a_pump_runs_again_after_its_source_failed)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 100);
	fixture.source.fails_at = 41;
	assert_fails(run_section(&fixture, 100, &err), err, SAVETOOL_CORRUPT,
		     "source is told to fail");
	fixture.source.fails_at = 0;
	assert_ok(run_section(&fixture, 100, &err), err);
	assert_int_equal(fixture.sink.next, 100);
	close_fixture(&fixture);
}

TEST(a_pump_runs_again_after_its_sink_failed)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 1000);
	fixture.sink.fails_at = 40;
	assert_fails(run_section(&fixture, 1000, &err), err, SAVETOOL_SYSTEM,
		     "sink is told to fail");
	fixture.source.next = fixture.sink.next;
	assert_ok(run_section(&fixture, 1000, &err), err);
	assert_int_equal(fixture.sink.next, 1000);
	close_fixture(&fixture);
}

/*
 * The pool has what pump.h says, less the two that a source keeps to itself;
 * whoever were slower must not starve the other.
 */
TEST(chunks_are_enough_whoever_is_slower)
{
	for (unsigned pause = 0; pause <= 2000; pause += 2000) {
		struct fixture fixture;
		struct chunk_pool *pool;
		struct savetool_error err;

		open_fixture(&fixture, 500);
		assert_ok(chunk_pool_new(&pool, PUMP_CHUNKS, &err), err);
		fixture.source.pool = pool;
		fixture.sink.pause = pause;
		assert_ok(run_pump(&fixture, NULL, &err), err);
		assert_int_equal(fixture.sink.next, 500);
		take_all_chunks(pool);
		chunk_pool_free(pool);
		close_fixture(&fixture);
	}
}

TEST(a_source_that_fails_has_been_emptied)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 1000);
	fixture.source.fails_at = 501;
	assert_fails(run_pump(&fixture, NULL, &err), err, SAVETOOL_CORRUPT,
		     "source is told to fail");
	assert_int_equal(fixture.sink.next, 500);
	close_fixture(&fixture);
}

TEST(a_source_can_fail_at_once)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 1);
	fixture.source.fails_at = 1;
	assert_fails(run_pump(&fixture, NULL, &err), err, SAVETOOL_CORRUPT,
		     "source is told to fail");
	assert_int_equal(fixture.sink.next, 0);
	close_fixture(&fixture);
}

TEST(a_sink_that_fails_stops_the_source)
{
	for (unsigned at = 1; at <= 300; at += 23) {
		struct fixture fixture;
		struct chunk_pool *pool;
		struct savetool_error err;

		open_fixture(&fixture, 100000);
		assert_ok(chunk_pool_new(&pool, PUMP_CHUNKS, &err), err);
		fixture.source.pool = pool;
		fixture.sink.fails_at = at;
		assert_fails(run_pump(&fixture, NULL, &err), err,
			     SAVETOOL_SYSTEM, "sink is told to fail");
		assert_int_equal(fixture.sink.next, at);
		assert_true(fixture.source.next <= at + PUMP_DEPTH + 1);
		take_all_chunks(pool);
		chunk_pool_free(pool);
		close_fixture(&fixture);
	}
}

TEST(if_both_fail_the_failure_of_the_sink_is_reported)
{
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 1000);
	fixture.source.fails_at = 11;
	fixture.sink.fails_at = 10;
	assert_fails(run_pump(&fixture, NULL, &err), err, SAVETOOL_SYSTEM,
		     "sink is told to fail");
	close_fixture(&fixture);
}

/* Receives the pump's progress, and stops it. */
struct watch {
	unsigned calls, stops_at;
	uint64_t done, total;
};

static int watch(void *data, uint64_t done, uint64_t total)
{
	struct watch *watch = data;

	assert_true(done >= watch->done);
	watch->done = done;
	watch->total = total;
	return ++watch->calls == watch->stops_at;
}

TEST(the_monitor_receives_the_progress)
{
	struct watch told = { 0 };
	const struct savetool_monitor monitor = { .progress = watch,
						  .data = &told };
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 300);
	assert_ok(run_pump(&fixture, &monitor, &err), err);
	assert_true(told.calls > 0);
	assert_int_equal(told.done, 300);
	assert_int_equal(told.total, 300);
	close_fixture(&fixture);
}

TEST(the_monitor_can_stop_it)
{
	for (unsigned at = 1; at <= 50; at += 7) {
		struct watch told = { .stops_at = at };
		const struct savetool_monitor monitor = { .progress = watch,
							  .data = &told };
		struct fixture fixture;
		struct savetool_error err;

		open_fixture(&fixture, 100000);
		assert_fails(run_pump(&fixture, &monitor, &err), err,
			     SAVETOOL_CANCELLED, "interrupted");
		assert_int_equal(told.calls, at);
		assert_true(fixture.sink.next < at + 1);
		close_fixture(&fixture);
	}
}

TEST(the_monitor_can_stop_the_second_section)
{
	struct watch told = { .stops_at = 20 };
	const struct savetool_monitor monitor = { .progress = watch,
						  .data = &told };
	struct fixture fixture;
	struct savetool_error err;

	open_fixture(&fixture, 100000);
	assert_ok(run_section(&fixture, 40, &err), err);
	fixture.source.end = 100000;
	assert_fails(run_pump(&fixture, &monitor, &err), err,
		     SAVETOOL_CANCELLED, "interrupted");
	assert_int_equal(fixture.sink.next, 40 + 19);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_source_ends_at_once),
		cmocka_unit_test(all_batches_pass_in_order),
		cmocka_unit_test(a_pump_without_sections_ends),
		cmocka_unit_test(sections_follow_each_other_in_order),
		cmocka_unit_test(empty_sections_between_others_pass),
		cmocka_unit_test(one_thread_reads_all_sections),
		cmocka_unit_test(all_chunks_are_back_after_each_section),
		cmocka_unit_test(a_source_fails_in_the_second_section),
		cmocka_unit_test(a_sink_fails_in_the_second_section),
		cmocka_unit_test(a_pump_runs_again_after_its_source_failed),
		cmocka_unit_test(a_pump_runs_again_after_its_sink_failed),
		cmocka_unit_test(chunks_are_enough_whoever_is_slower),
		cmocka_unit_test(a_source_that_fails_has_been_emptied),
		cmocka_unit_test(a_source_can_fail_at_once),
		cmocka_unit_test(a_sink_that_fails_stops_the_source),
		cmocka_unit_test(
			if_both_fail_the_failure_of_the_sink_is_reported),
		cmocka_unit_test(the_monitor_receives_the_progress),
		cmocka_unit_test(the_monitor_can_stop_it),
		cmocka_unit_test(the_monitor_can_stop_the_second_section),
	};

	/* Who waits for ever is ended. */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
