/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sections are meant, and what is said if none or several are. */
#include "config.h"

#include "format/drop.h"
#include "unit/check.h"

#include <string.h>

static struct savetool_device devices[] = {
	{ .name = "timer" },
	{ .name = "cpu", .instance = 0 },
	{ .name = "cpu", .instance = 1 },
	{ .name = "0000:00:04.0/virtio-blk" },
};

static struct section started[] = {
	{ .type = SECTION_START, .name = RAM_SECTION },
	{ .type = SECTION_START, .name = "pbs-state" },
};

/* Checks one word against these; the error's text, or "". */
static const char *check(const char *word, bool described)
{
	const struct stream stream = { .started = started, .started_count = 2 };
	const struct tail tail = { .devices = devices,
				   .device_count = 4,
				   .footers = FOOTERS_PRESENT,
				   .described = described };
	static struct savetool_error err;
	struct drop drop;

	err.text[0] = '\0';
	if (drop_init(&drop, &word, 1, &err) == 0) {
		drop_see(&drop, started[1].name, started[1].instance);
		drop_check(&drop, &stream, &tail, &err);
		drop_release(&drop);
	}
	return err.text;
}

static void one_section_is_meant(void **state)
{
	(void)state;
	assert_string_equal(check("timer", true), "");
	assert_string_equal(check("timer/0", true), "");
	assert_string_equal(check("cpu/1", true), "");
	assert_string_equal(check("0000:00:04.0/virtio-blk", true), "");
	assert_string_equal(check("pbs-state", false), "");
}

static void none_is_meant(void **state)
{
	(void)state;
	assert_string_equal(check("pbs-sate", true),
			    "no section 'pbs-sate'; did you mean 'pbs-state'?");
	assert_string_equal(check("cpu/2", true),
			    "no section 'cpu/2'; did you mean 'cpu'?");
	assert_string_equal(check("something else", true),
			    "no section 'something else'");
	assert_string_equal(check("", true),
			    "the name of a section to leave out is empty");
}

static void several_are_meant(void **state)
{
	(void)state;
	assert_string_equal(check("cpu", true),
			    "2 sections 'cpu': add the instance of one of "
			    "them, as in 'cpu/0'");
}

static void memory_stays(void **state)
{
	(void)state;
	assert_string_equal(check("ram", true),
			    "section 'ram' is memory and cannot be left out");
	assert_string_equal(check("ram/0", true),
			    "section 'ram' is memory and cannot be left out");
}

static void an_end_that_is_guessed_is_not_enough(void **state)
{
	(void)state;
	assert_string_equal(check("timer", false),
			    "section 'timer' cannot be left out: no vmdesc "
			    "states where it ends");
}

static void nothing_is_left_out_unless_asked_for(void **state)
{
	const char *const words[] = { "cpu/1", "timer" };
	struct savetool_error err;
	struct drop drop;

	(void)state;
	assert_false(drop_takes(NULL, "timer", 0));
	assert_ok(drop_init(&drop, words, 2, &err), err);
	assert_true(drop_takes(&drop, "timer", 0));
	assert_true(drop_takes(&drop, "cpu", 1));
	assert_false(drop_takes(&drop, "cpu", 0));
	assert_false(drop_takes(&drop, "timers", 0));
	drop_release(&drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_section_is_meant),
		cmocka_unit_test(none_is_meant),
		cmocka_unit_test(several_are_meant),
		cmocka_unit_test(memory_stays),
		cmocka_unit_test(an_end_that_is_guessed_is_not_enough),
		cmocka_unit_test(nothing_is_left_out_unless_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
