/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two visitors on one walk: what each of them is shown, and failures. */
#include "config.h"

#include "walk/tee.h"

#include "unit/visits.h"

static struct visits first, second;
static struct tee *tee;

static int setup(void **state)
{
	struct savetool_error err;

	(void)state;
	visits_init(&first);
	visits_init(&second);
	return tee_new(&tee, &first.base, &second.base, &err);
}

static int teardown(void **state)
{
	(void)state;
	tee_free(tee);
	return 0;
}

/* Steps of a walk, all with this type of section. */
static const struct section section = { .type = SECTION_PART };
static const struct ram_list list;

static int show_pages(struct savetool_error *err)
{
	static struct page_batch batch;
	struct ram_layout layout = layout_of(4096, "m0", KIB(64), NULL);
	struct page_run run = run_of(&layout, 0, PAGE_ZERO, 0, 4096, NULL);
	struct page_sink *sink = NULL;
	int result;

	batch.count = 0;
	page_batch_add(&batch, &run);
	result = visit(tee_visitor(tee), ram_list, &section, &list, &sink, err);
	if (result == 0 && sink)
		result = sink->ops->put(sink, &batch, err);
	ram_layout_free(&layout);
	return result;
}

static int show_payload(const char *bytes, struct savetool_error *err)
{
	struct output *out = NULL;

	if (visit(tee_visitor(tee), section, &section, &out, err) < 0)
		return -1;
	return out ? output_append(out, bytes, strlen(bytes), err) : 0;
}

/* All steps that are not about pages or payloads. */
static int take_all_steps(struct savetool_error *err)
{
	struct visitor *both = tee_visitor(tee);

	if (visit(both, start, NULL, err) < 0 ||
	    visit(both, command, NULL, err) < 0 ||
	    visit(both, section_end, &section, err) < 0 ||
	    visit(both, ram_begin, &section, err) < 0 ||
	    visit(both, ram_end, &section, err) < 0)
		return -1;
	return visit(both, tail, NULL, err);
}

TEST(both_visitors_take_every_step)
{
	static const char expected[] = "start\n"
				       "command\n"
				       "section_end part\n"
				       "ram_begin part\n"
				       "ram_end part\n"
				       "tail\n";
	struct savetool_error err;

	assert_ok(take_all_steps(&err), err);
	assert_string_equal(first.text, expected);
	assert_string_equal(second.text, expected);
}

TEST(both_visitors_are_shown_the_pages)
{
	struct savetool_error err;

	assert_ok(show_pages(&err), err);
	assert_string_equal(first.pages.text, "zero m0+0x0 4096\n");
	assert_string_equal(second.pages.text, "zero m0+0x0 4096\n");
}

TEST(both_visitors_are_shown_the_payload)
{
	struct savetool_error err;

	assert_ok(show_payload("abc", &err), err);
	assert_memory_equal(first.payload.bytes, "abc.", 4);
	assert_memory_equal(second.payload.bytes, "abc.", 4);
}

TEST(a_failure_of_the_first_visitor_stops_before_the_second)
{
	struct savetool_error err;

	first.fails_at = "ram_begin part";
	assert_fails(take_all_steps(&err), err, SAVETOOL_SYSTEM,
		     "failure at ram_begin part");
	assert_null(strstr(second.text, "ram_begin"));
	assert_non_null(strstr(second.text, "section_end"));
}

TEST(a_failure_of_the_second_visitor_stops_after_the_first)
{
	struct savetool_error err;

	second.fails_at = "ram_begin part";
	assert_fails(take_all_steps(&err), err, SAVETOOL_SYSTEM,
		     "failure at ram_begin part");
	assert_non_null(strstr(first.text, "ram_begin part\n"));
	assert_null(strstr(first.text, "ram_end"));
}

TEST(if_the_first_sink_fails_the_second_gets_no_pages)
{
	struct savetool_error err;

	first.pages.fails_at = 1;
	assert_int_equal(show_pages(&err), -1);
	assert_int_equal(second.pages.puts, 0);
}

TEST(a_failure_of_the_second_sink_is_a_failure_of_both)
{
	struct savetool_error err;

	second.pages.fails_at = 1;
	assert_int_equal(show_pages(&err), -1);
	assert_int_equal(first.pages.puts, 1);
}

TEST(only_the_first_visitor_wants_pages)
{
	struct savetool_error err;

	second.wants_pages = false;
	assert_ok(show_pages(&err), err);
	assert_int_equal(first.pages.puts, 1);
	assert_int_equal(second.pages.puts, 0);
}

TEST(only_the_second_visitor_wants_pages)
{
	struct savetool_error err;

	first.wants_pages = false;
	assert_ok(show_pages(&err), err);
	assert_int_equal(first.pages.puts, 0);
	assert_int_equal(second.pages.puts, 1);
}

TEST(if_no_visitor_wants_pages_there_is_no_sink)
{
	struct page_sink *sink = NULL;
	struct savetool_error err;

	first.wants_pages = second.wants_pages = false;
	assert_ok(
		visit(tee_visitor(tee), ram_list, &section, &list, &sink, &err),
		err);
	assert_null(sink);
}

TEST(each_section_may_have_its_own_payload_outputs)
{
	struct savetool_error err;

	assert_ok(show_payload("abc", &err), err);
	first.wants_payload = false;
	assert_ok(show_payload("def", &err), err);
	assert_memory_equal(first.payload.bytes, "abc.", 4);
	assert_memory_equal(second.payload.bytes, "abcdef.", 7);
}

TEST(a_visitor_may_lack_any_step)
{
	static const struct visitor_ops none;
	struct savetool_error err;

	first.base.ops = &none;
	assert_ok(take_all_steps(&err), err);
	assert_ok(show_pages(&err), err);
	assert_ok(show_payload("abc", &err), err);
	assert_int_equal(second.pages.puts, 1);
	assert_memory_equal(second.payload.bytes, "abc.", 4);
	assert_string_equal(second.text, "start\n"
					 "command\n"
					 "section_end part\n"
					 "ram_begin part\n"
					 "ram_end part\n"
					 "tail\n"
					 "ram_list part\n"
					 "section part\n");
}

/* Does a tee rewrite, if its visitors do, or do not? */
static bool rewrites(bool first_does, bool second_does)
{
	struct savetool_error err;
	struct tee *other;
	bool result;

	first.base.rewrites = first_does;
	second.base.rewrites = second_does;
	assert_ok(tee_new(&other, &first.base, &second.base, &err), err);
	result = tee_visitor(other)->rewrites;
	tee_free(other);
	return result;
}

TEST(it_rewrites_if_one_of_both_visitors_does)
{
	assert_false(rewrites(false, false));
	assert_true(rewrites(true, false));
	assert_true(rewrites(false, true));
}

#define tee_case(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tee_case(both_visitors_take_every_step),
		tee_case(both_visitors_are_shown_the_pages),
		tee_case(both_visitors_are_shown_the_payload),
		tee_case(
			a_failure_of_the_first_visitor_stops_before_the_second),
		tee_case(a_failure_of_the_second_visitor_stops_after_the_first),
		tee_case(if_the_first_sink_fails_the_second_gets_no_pages),
		tee_case(a_failure_of_the_second_sink_is_a_failure_of_both),
		tee_case(only_the_first_visitor_wants_pages),
		tee_case(only_the_second_visitor_wants_pages),
		tee_case(if_no_visitor_wants_pages_there_is_no_sink),
		tee_case(each_section_may_have_its_own_payload_outputs),
		tee_case(a_visitor_may_lack_any_step),
		tee_case(it_rewrites_if_one_of_both_visitors_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
