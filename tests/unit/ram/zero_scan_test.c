/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zeros in ranges of a file: which, in what order, with which bytes. */
#include "config.h"

#include "ram/zero_scan.h"

#include "base/error.h"

#include "unit/check.h"

#include <string.h>

#define PAGE UINT64_C(4096)
#define PAGES UINT64_C(2048)
#define SIZE (PAGES * PAGE + 100)

static uint8_t *file;

/* Data in every third page, and a long row of it; its number is in it. */
static bool has_data(uint64_t page)
{
	return page % 3 == 0 || (page > 700 && page < 1400);
}

static int fill(void **state)
{
	(void)state;
	file = calloc(1, SIZE);
	for (uint64_t page = 0; page < PAGES; page++)
		if (has_data(page))
			memcpy(file + page * PAGE + 4000, &(uint32_t){ page },
			       4);
	for (unsigned i = 0; i < 700; i += 3)
		file[i * PAGE + 4095] = 1;
	file[SIZE - 1] = 1;
	return file ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	free(file);
	return 0;
}

/* Each report has to follow the one before, without a gap. */
struct listener {
	uint64_t next;
	uint64_t zeros, parts, unread;
	bool keep;
	uint64_t fail_at;
};

static int listen_to(void *owner, const struct scan_range *part, bool zero,
		     const uint8_t *data, struct savetool_error *err)
{
	struct listener *listener = owner;
	uint64_t length = part->end - part->start;

	assert_int_equal(part->start, listener->next);
	assert_true(length > 0);
	listener->next = part->end;
	listener->parts++;
	assert_int_equal(part->kind, 7);
	if (part->unread) {
		assert_null(data);
		assert_false(zero);
		listener->unread += length;
		return 0;
	}
	if (part->start >= listener->fail_at)
		return fail(err, SAVETOOL_CANCELLED, "enough");
	assert_int_equal(data != NULL, listener->keep);
	if (data)
		assert_memory_equal(data, file + part->start, length);
	for (uint64_t at = part->start; part->unit && at < part->end;) {
		uint64_t end = (at / part->unit + 1) * part->unit;
		bool whole = at % part->unit == 0 && end <= part->end;
		bool is_zero = whole;

		if (end > part->end)
			end = part->end;
		for (uint64_t i = at; is_zero && i < end; i++)
			is_zero = file[i] == 0;
		assert_int_equal(zero, is_zero);
		at = end;
	}
	if (zero)
		listener->zeros += length;
	return 0;
}

static void scans(bool keep, const struct scan_range *ranges, unsigned count,
		  uint64_t zeros)
{
	struct listener listener = { .keep = keep, .fail_at = UINT64_MAX };
	struct input *in;
	struct scan *scan;
	struct savetool_error err;

	assert_ok(input_open_memory(&in, file, SIZE, &err), err);
	assert_ok(scan_new(&scan, in, keep, listen_to, &listener, &err), err);
	listener.next = ranges[0].start;
	for (unsigned i = 0; i < count; i++)
		assert_ok(scan_add(scan, &ranges[i], &err), err);
	assert_ok(scan_finish(scan, &err), err);
	assert_int_equal(listener.next, ranges[count - 1].end);
	assert_int_equal(listener.zeros, zeros);
	scan_free(scan);
	input_close(in);
}

static uint64_t zero_pages(uint64_t first, uint64_t end)
{
	uint64_t count = 0;

	for (; first < end; first++)
		count += !has_data(first);
	return count;
}

static void one_stretch_over_many_jobs(void **state)
{
	const struct scan_range all = { 0, SIZE, .unit = PAGE, .kind = 7 };

	(void)state;
	scans(true, &all, 1, zero_pages(0, PAGES) * PAGE);
	scans(false, &all, 1, zero_pages(0, PAGES) * PAGE);
}

static void units_that_are_not_whole_are_data(void **state)
{
	const struct scan_range ragged = { PAGE + 1, 5 * PAGE - 1, .unit = PAGE,
					   .kind = 7 };

	(void)state;
	/* Of 1 to 4, 3 has data, and 1 and 4 are cut. */
	scans(true, &ragged, 1, PAGE);
}

static void units_of_any_size(void **state)
{
	(void)state;
	for (uint64_t unit = 1024; unit <= SCAN_UNIT_MOST; unit *= 2) {
		const struct scan_range all = { 0, SIZE, .unit = unit,
						.kind = 7 };
		uint64_t zeros = 0;

		for (uint64_t at = 0; at + unit <= SIZE; at += unit) {
			bool zero = true;

			for (uint64_t i = at; zero && i < at + unit; i++)
				zero = file[i] == 0;
			zeros += zero ? unit : 0;
		}
		scans(false, &all, 1, zeros);
	}
}

/* More than one job has room for, some unread, some not looked at. */
static void many_ranges(void **state)
{
	struct scan_range ranges[PAGES];
	uint64_t zeros = 0;

	(void)state;
	for (uint64_t i = 0; i < PAGES; i++) {
		ranges[i] = (struct scan_range){
			.start = i * PAGE,
			.end = (i + 1) * PAGE,
			.unit = i % 5 == 0 ? 0 : PAGE,
			.unread = i % 7 == 0,
			.kind = 7,
		};
		if (i % 5 != 0 && i % 7 != 0 && !has_data(i))
			zeros += PAGE;
	}
	scans(true, ranges, PAGES, zeros);
	scans(false, ranges, PAGES, zeros);
}

static void an_unread_stretch_is_told_as_one(void **state)
{
	const struct scan_range unread = { 0, UINT64_C(1) << 50, .unread = true,
					   .kind = 7 };

	(void)state;
	scans(true, &unread, 1, 0);
}

static void who_listens_can_end_it(void **state)
{
	struct listener listener = { .fail_at = 3 << 20 };
	const struct scan_range all = { 0, SIZE, .unit = PAGE, .kind = 7 };
	struct input *in;
	struct scan *scan;
	struct savetool_error err;
	int result;

	(void)state;
	assert_ok(input_open_memory(&in, file, SIZE, &err), err);
	assert_ok(scan_new(&scan, in, false, listen_to, &listener, &err), err);
	result = scan_add(scan, &all, &err);
	if (result == 0)
		result = scan_finish(scan, &err);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, SAVETOOL_CANCELLED);
	assert_int_equal(listener.next / PAGE * PAGE, listener.next);
	scan_free(scan);
	input_close(in);
}

static void what_is_missing_is_an_error(void **state)
{
	struct listener listener = { .fail_at = UINT64_MAX };
	const struct scan_range beyond = { SIZE - 10, SIZE + 10, .unit = PAGE,
					   .kind = 7 };
	struct input *in;
	struct scan *scan;
	struct savetool_error err;

	(void)state;
	assert_ok(input_open_memory(&in, file, SIZE, &err), err);
	assert_ok(scan_new(&scan, in, false, listen_to, &listener, &err), err);
	assert_ok(scan_add(scan, &beyond, &err), err);
	assert_int_equal(scan_finish(scan, &err), -1);
	assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	assert_int_equal(listener.parts, 0);
	scan_free(scan);
	scan_free(NULL);
	input_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stretch_over_many_jobs),
		cmocka_unit_test(units_that_are_not_whole_are_data),
		cmocka_unit_test(units_of_any_size),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(an_unread_stretch_is_told_as_one),
		cmocka_unit_test(who_listens_can_end_it),
		cmocka_unit_test(what_is_missing_is_an_error),
	};

	return cmocka_run_group_tests(tests, fill, drop);
}
