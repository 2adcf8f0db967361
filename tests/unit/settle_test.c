/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that come several times, settled to their last version. */
#include "config.h"

#include "ram/settle.h"

#include "pages.h"

#define PAGE 4096

struct fixture {
	struct ram_layout layout;
	struct settlement *settlement;
	struct page_log log;
};

/* The first walk: page 0 comes twice, page 2 once. */
static void tally(struct fixture *fixture)
{
	struct page_sink *sink;
	struct st_error err;

	fixture->layout = layout_of(PAGE, "pc.ram", KIB(64), "empty", KIB(0),
				    "vga", KIB(16), NULL);
	page_log_init(&fixture->log);
	assert_ok(settlement_new(&fixture->settlement, &err), err);
	assert_ok(settlement_tally(fixture->settlement, &sink, &fixture->layout,
				   &err),
		  err);
	put_run(sink,
		run_of(&fixture->layout, 0, PAGE_DATA, 0, PAGE, page_of(1)));
	put_run(sink, run_of(&fixture->layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink, run_of(&fixture->layout, 2, PAGE_DATA, 2 * PAGE, PAGE,
			     page_of(2)));
	page_sink_free(sink);
}

static struct page_sink *settle(struct fixture *fixture)
{
	struct page_sink *sink;
	struct st_error err;

	tally(fixture);
	assert_ok(settle_sink_new(&sink, fixture->settlement,
				  &fixture->log.base, &fixture->layout, ".",
				  &err),
		  err);
	return sink;
}

static void release(struct fixture *fixture, struct page_sink *sink)
{
	page_sink_free(sink);
	settlement_free(fixture->settlement);
	ram_layout_free(&fixture->layout);
}

TEST(the_last_version_is_passed_on)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	struct st_error err;

	put_run(sink,
		run_of(&fixture.layout, 0, PAGE_DATA, 0, PAGE, page_of(1)));
	assert_string_equal(fixture.log.text, "");
	put_run(sink, run_of(&fixture.layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink, run_of(&fixture.layout, 2, PAGE_DATA, 2 * PAGE, PAGE,
			     page_of(2)));
	assert_string_equal(fixture.log.text, "zero pc.ram+0x0 4096\n"
					      "data vga+0x2000 4096\n");
	assert_ok(settlement_check(fixture.settlement, &err), err);
	release(&fixture, sink);
}

TEST(a_page_that_does_not_come_again_was_changed)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	struct st_error err;

	put_run(sink, run_of(&fixture.layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink, run_of(&fixture.layout, 2, PAGE_DATA, 2 * PAGE, PAGE,
			     page_of(2)));
	assert_fails(settlement_check(fixture.settlement, &err), err, ST_SYSTEM,
		     "the image changed while it was read");
	release(&fixture, sink);
}

TEST(a_page_too_many_was_changed)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	static struct page_batch batch;
	struct page_run run =
		run_of(&fixture.layout, 0, PAGE_ZERO, 0, 4 * PAGE, NULL);
	struct st_error err;

	page_batch_add(&batch, &run);
	assert_fails(sink->ops->put(sink, &batch, &err), err, ST_SYSTEM,
		     "the image changed while it was read");
	release(&fixture, sink);
}

TEST(another_page_was_changed)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	struct st_error err;

	put_run(sink,
		run_of(&fixture.layout, 0, PAGE_DATA, 0, PAGE, page_of(1)));
	put_run(sink, run_of(&fixture.layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink,
		run_of(&fixture.layout, 2, PAGE_DATA, PAGE, PAGE, page_of(2)));
	assert_fails(settlement_check(fixture.settlement, &err), err, ST_SYSTEM,
		     "the image changed while it was read");
	release(&fixture, sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_version_is_passed_on),
		cmocka_unit_test(a_page_that_does_not_come_again_was_changed),
		cmocka_unit_test(a_page_too_many_was_changed),
		cmocka_unit_test(another_page_was_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
