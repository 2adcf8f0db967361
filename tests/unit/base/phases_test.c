/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several phases are reported as one task. */
#include "config.h"

#include "base/phases.h"

#include "unit/check.h"

struct listener {
	uint64_t done, total;
	int stop, stopped;
};

static int listen(void *data, uint64_t done, uint64_t total)
{
	struct listener *listener = data;

	assert_true(done >= listener->done && done <= total);
	listener->done = done;
	listener->total = total;
	return listener->stop;
}

static int is_stopped(void *data)
{
	return ((struct listener *)data)->stopped;
}

static struct listener listener;
static const struct savetool_monitor caller = { listen, &listener, is_stopped };
static struct phases phases;

static int tell(uint64_t done, uint64_t total)
{
	return phases.monitor.progress(phases.monitor.data, done, total);
}

static int percent(uint64_t done, uint64_t total)
{
	assert_int_equal(tell(done, total), 0);
	return (int)((double)listener.done / (double)listener.total * 100 +
		     0.5);
}

static int setup(void **state)
{
	(void)state;
	listener = (struct listener){ 0 };
	phases_begin(&phases, &caller);
	return 0;
}

TEST(one_phase_is_all)
{
	assert_int_equal(percent(0, 0), 0);
	assert_int_equal(percent(1, 4), 25);
	assert_int_equal(percent(9, 4), 100);
	assert_int_equal(listener.done, listener.total);
}

TEST(phases_follow_each_other)
{
	phases_next(&phases, 50);
	assert_int_equal(percent(1, 2), 25);
	assert_int_equal(percent(2, 2), 50);
	phases_next(&phases, 100);
	assert_int_equal(percent(0, 10), 50);
	assert_int_equal(percent(5, 10), 75);
	assert_int_equal(percent(10, 10), 100);
	/* One more, that nobody reckoned with. */
	phases_next(&phases, 100);
	assert_int_equal(percent(1, 10), 100);
}

TEST(a_phase_without_reports_takes_nothing)
{
	phases_next(&phases, 50);
	phases_next(&phases, 100);
	assert_int_equal(percent(1, 10), 10);
}

TEST(progress_that_goes_back_is_not_reported)
{
	assert_int_equal(percent(5, 10), 50);
	assert_int_equal(percent(1, 10), 50);
	assert_int_equal(percent(6, 10), 60);
}

TEST(the_caller_stops_it)
{
	assert_int_equal(phases.monitor.stopped(phases.monitor.data), 0);
	listener.stopped = 1;
	assert_int_equal(phases.monitor.stopped(phases.monitor.data), 1);
	listener.stop = 1;
	assert_int_equal(tell(1, 10), 1);
}

TEST(phases_work_without_a_monitor)
{
	const struct savetool_monitor deaf = { listen, &listener, NULL };

	phases_begin(&phases, NULL);
	assert_int_equal(tell(1, 10), 0);
	assert_int_equal(phases.monitor.stopped(phases.monitor.data), 0);
	phases_begin(&phases, &deaf);
	assert_int_equal(phases.monitor.stopped(phases.monitor.data), 0);
}

#define phases_case(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		phases_case(one_phase_is_all),
		phases_case(phases_follow_each_other),
		phases_case(a_phase_without_reports_takes_nothing),
		phases_case(progress_that_goes_back_is_not_reported),
		phases_case(the_caller_stops_it),
		phases_case(phases_work_without_a_monitor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
