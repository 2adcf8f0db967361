/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages counted: the last record of each, and those before it. */
#include "config.h"

#include "ram/count.h"

#include "unit/pages.h"

#define PAGE 4096

struct fixture {
	struct ram_layout layout;
	struct page_sink *sink;
};

static void open_fixture(struct fixture *fixture)
{
	struct savetool_error err;

	fixture->layout = layout_of(PAGE, "pc.ram", KIB(64), "empty", KIB(0),
				    "vga", KIB(16), NULL);
	assert_ok(count_sink_new(&fixture->sink, &fixture->layout, &err), err);
}

static void close_fixture(struct fixture *fixture)
{
	page_sink_free(fixture->sink);
	ram_layout_free(&fixture->layout);
}

static void put(struct fixture *fixture, unsigned block, enum page_kind kind,
		unsigned page, unsigned count, const void *data)
{
	put_run(fixture->sink, run_of(&fixture->layout, block, kind,
				      page * PAGE, count * PAGE, data));
}

static void counts(struct fixture *fixture, unsigned block, unsigned present,
		   unsigned zero, unsigned superseded)
{
	const struct page_counts *found;
	struct savetool_error err;

	assert_ok(page_sink_finish(fixture->sink, &err), err);
	found = count_sink_result(fixture->sink, block);
	assert_int_equal(found->present, present);
	assert_int_equal(found->zero, zero);
	assert_int_equal(found->superseded, superseded);
}

TEST(without_records_nothing_is_counted)
{
	struct fixture fixture;

	open_fixture(&fixture);
	counts(&fixture, 0, 0, 0, 0);
	counts(&fixture, 1, 0, 0, 0);
	close_fixture(&fixture);
}

TEST(only_stored_pages_are_present)
{
	struct fixture fixture;

	open_fixture(&fixture);
	put(&fixture, 0, PAGE_DATA, 0, 3, page_of(1));
	put(&fixture, 0, PAGE_ZERO, 4, 2, NULL);
	put(&fixture, 0, PAGE_ZERO, 6, 1, page_of(0));
	put(&fixture, 0, PAGE_ABSENT, 7, 5, NULL);
	put(&fixture, 0, PAGE_DELTA, 12, 1, page_of(2));
	counts(&fixture, 0, 5, 1, 0);
	close_fixture(&fixture);
}

TEST(the_last_record_of_a_page_counts)
{
	struct fixture fixture;

	open_fixture(&fixture);
	put(&fixture, 0, PAGE_DATA, 0, 4, page_of(1));
	put(&fixture, 0, PAGE_ZERO, 1, 1, NULL);       /* 1 superseded */
	put(&fixture, 0, PAGE_ZERO, 2, 1, page_of(0)); /* 2 */
	put(&fixture, 0, PAGE_DATA, 1, 1, page_of(2)); /* 3 */
	put(&fixture, 0, PAGE_DATA, 1, 1, page_of(3)); /* 4 */
	counts(&fixture, 0, 4, 1, 4);
	close_fixture(&fixture);
}

TEST(absent_pages_supersede_nothing)
{
	struct fixture fixture;

	open_fixture(&fixture);
	put(&fixture, 0, PAGE_DATA, 0, 1, page_of(1));
	put(&fixture, 0, PAGE_ABSENT, 0, 1, NULL);
	counts(&fixture, 0, 1, 0, 0);
	close_fixture(&fixture);
}

TEST(each_block_counts_by_itself)
{
	struct fixture fixture;

	open_fixture(&fixture);
	put(&fixture, 0, PAGE_DATA, 0, 1, page_of(1));
	put(&fixture, 2, PAGE_DATA, 0, 1, page_of(1));
	put(&fixture, 2, PAGE_DATA, 3, 1, page_of(1));
	put(&fixture, 2, PAGE_DATA, 3, 1, page_of(1));
	counts(&fixture, 0, 1, 0, 0);
	counts(&fixture, 1, 0, 0, 0);
	counts(&fixture, 2, 2, 0, 1);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_records_nothing_is_counted),
		cmocka_unit_test(only_stored_pages_are_present),
		cmocka_unit_test(the_last_record_of_a_page_counts),
		cmocka_unit_test(absent_pages_supersede_nothing),
		cmocka_unit_test(each_block_counts_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
