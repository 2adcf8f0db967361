/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that come several times, brought to their last version. */
#include "config.h"

#include "ram/latest.h"

#include "unit/pages.h"

#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

/* A file system that gives less than was asked for, as some do at times. */
ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	return syscall(SYS_pread64, fd, data, size > 1000 ? 1000 : size,
		       offset);
}

struct fixture {
	struct ram_layout layout;
	struct latest *latest;
	struct page_log log;
};

/* The first walk: page 0 comes twice, page 2 once. */
static void tally(struct fixture *fixture)
{
	struct page_sink *sink;
	struct savetool_error err;

	fixture->layout = layout_of(PAGE, "pc.ram", KIB(64), "empty", KIB(0),
				    "vga", KIB(16), NULL);
	page_log_init(&fixture->log);
	assert_ok(latest_new(&fixture->latest, &err), err);
	assert_ok(latest_tally(fixture->latest, &sink, &fixture->layout, &err),
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
	struct savetool_error err;

	tally(fixture);
	assert_ok(latest_sink_new(&sink, fixture->latest, &fixture->log.base,
				  &fixture->layout, ".", &err),
		  err);
	return sink;
}

static void release(struct fixture *fixture, struct page_sink *sink)
{
	page_sink_free(sink);
	latest_free(fixture->latest);
	ram_layout_free(&fixture->layout);
}

TEST(the_last_version_is_passed_on)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	struct savetool_error err;

	put_run(sink,
		run_of(&fixture.layout, 0, PAGE_DATA, 0, PAGE, page_of(1)));
	assert_string_equal(fixture.log.text, "");
	put_run(sink, run_of(&fixture.layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink, run_of(&fixture.layout, 2, PAGE_DATA, 2 * PAGE, PAGE,
			     page_of(2)));
	assert_string_equal(fixture.log.text, "zero pc.ram+0x0 4096\n"
					      "data vga+0x2000 4096\n");
	assert_ok(latest_check(fixture.latest, &err), err);
	release(&fixture, sink);
}

TEST(a_page_that_does_not_come_again_was_changed)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	struct savetool_error err;

	put_run(sink, run_of(&fixture.layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink, run_of(&fixture.layout, 2, PAGE_DATA, 2 * PAGE, PAGE,
			     page_of(2)));
	assert_fails(latest_check(fixture.latest, &err), err, SAVETOOL_SYSTEM,
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
	struct savetool_error err;

	page_batch_add(&batch, &run);
	assert_fails(sink->ops->put(sink, &batch, &err), err, SAVETOOL_SYSTEM,
		     "the image changed while it was read");
	release(&fixture, sink);
}

TEST(another_page_was_changed)
{
	struct fixture fixture;
	struct page_sink *sink = settle(&fixture);
	struct savetool_error err;

	put_run(sink,
		run_of(&fixture.layout, 0, PAGE_DATA, 0, PAGE, page_of(1)));
	put_run(sink, run_of(&fixture.layout, 0, PAGE_ZERO, 0, PAGE, NULL));
	put_run(sink,
		run_of(&fixture.layout, 2, PAGE_DATA, PAGE, PAGE, page_of(2)));
	assert_fails(latest_check(fixture.latest, &err), err, SAVETOOL_SYSTEM,
		     "the image changed while it was read");
	release(&fixture, sink);
}

/* What the last page that came consists of. */
struct keeper {
	struct page_sink base;
	uint8_t page[PAGE];
};

static int keep(struct page_sink *sink, const struct page_batch *batch,
		struct savetool_error *err)
{
	(void)err;
	memcpy(((struct keeper *)sink)->page,
	       batch->runs[batch->count - 1].data, PAGE);
	return 0;
}

/* A page, and a change of its first byte. */
static void put_change(struct page_sink *sink, const struct ram_layout *layout)
{
	static const uint8_t delta[] = { 0x00, 0x01, 0xff };
	struct page_run change = run_of(layout, 0, PAGE_DELTA, 0, PAGE, delta);

	change.delta_size = sizeof(delta);
	put_run(sink, run_of(layout, 0, PAGE_DATA, 0, PAGE, page_of(7)));
	put_run(sink, change);
}

TEST(a_page_is_whole_before_it_is_changed)
{
	static const struct page_sink_ops ops = { .put = keep };
	struct keeper keeper = { .base = { .ops = &ops } };
	struct ram_layout layout = layout_of(PAGE, "pc.ram", KIB(64), NULL);
	struct latest *latest;
	struct page_sink *sink;
	struct savetool_error err;

	assert_ok(latest_new(&latest, &err), err);
	assert_ok(latest_tally(latest, &sink, &layout, &err), err);
	put_change(sink, &layout);
	page_sink_free(sink);
	assert_ok(latest_sink_new(&sink, latest, &keeper.base, &layout, ".",
				  &err),
		  err);
	put_change(sink, &layout);
	assert_int_equal(keeper.page[0], 0xff);
	assert_memory_equal(keeper.page + 1, page_of(7), PAGE - 1);
	page_sink_free(sink);
	latest_free(latest);
	ram_layout_free(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_version_is_passed_on),
		cmocka_unit_test(a_page_that_does_not_come_again_was_changed),
		cmocka_unit_test(a_page_too_many_was_changed),
		cmocka_unit_test(another_page_was_changed),
		cmocka_unit_test(a_page_is_whole_before_it_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
