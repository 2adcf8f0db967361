/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a task hears from its caller's monitor, or without one. */
#include "config.h"

#include "base/monitor.h"

#include "unit/check.h"

struct answers {
	int progress, stopped;
	uint64_t done, total;
};

static int progress(void *data, uint64_t done, uint64_t total)
{
	struct answers *answers = data;

	answers->done = done;
	answers->total = total;
	return answers->progress;
}

static int stopped(void *data)
{
	return ((struct answers *)data)->stopped;
}

TEST(without_a_monitor_a_task_goes_on)
{
	struct savetool_error err;

	assert_int_equal(monitor_progress(NULL, 1, 2), 0);
	assert_int_equal(monitor_stopped(NULL), 0);
	assert_ok(monitor_report(NULL, 1, 2, &err), err);
}

TEST(a_monitor_without_a_stop_function_stops_nothing)
{
	struct answers answers = { .stopped = 1 };
	const struct savetool_monitor monitor = { .progress = progress,
						  .data = &answers };

	assert_int_equal(monitor_stopped(&monitor), 0);
}

TEST(a_monitor_receives_the_progress)
{
	struct answers answers = { 0 };
	const struct savetool_monitor monitor = { .progress = progress,
						  .data = &answers,
						  .stopped = stopped };
	struct savetool_error err;

	assert_ok(monitor_report(&monitor, 3, 7, &err), err);
	assert_int_equal(answers.done, 3);
	assert_int_equal(answers.total, 7);
	assert_int_equal(monitor_stopped(&monitor), 0);
}

TEST(a_monitor_stops_a_task)
{
	struct answers answers = { .progress = 5, .stopped = 6 };
	const struct savetool_monitor monitor = { .progress = progress,
						  .data = &answers,
						  .stopped = stopped };
	struct savetool_error err;

	assert_int_equal(monitor_progress(&monitor, 1, 2), 5);
	assert_int_equal(monitor_stopped(&monitor), 6);
	assert_fails(monitor_report(&monitor, 1, 2, &err), err,
		     SAVETOOL_CANCELLED, "interrupted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_monitor_a_task_goes_on),
		cmocka_unit_test(
			a_monitor_without_a_stop_function_stops_nothing),
		cmocka_unit_test(a_monitor_receives_the_progress),
		cmocka_unit_test(a_monitor_stops_a_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
