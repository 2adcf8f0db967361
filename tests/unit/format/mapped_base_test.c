/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages compared with those of an older image, where they are to be found. */
#include "config.h"

#include "format/mapped_base.h"

#include "unit/check.h"

#include <stdlib.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define SLOTS (4 * PAGE) /* of the block, in the base */
#define PAGES 8
#define TO (16 * PAGE) /* of the block, in the new file */

/* The base, of one block, in which each page is filled with its number. */
static struct {
	uint8_t bytes[SLOTS + PAGES * PAGE];
	uint8_t memory[2 * PAGES * PAGE]; /* that is to be written */
	struct ram_list list;
	struct mapped_header header;
	struct ram_layout layout; /* of the new file */
	struct input *in;
	struct mapped_base base;
} test;

static int begin(void **state)
{
	struct savetool_error err;

	(void)state;
	memset(&test, 0, sizeof(test));
	for (unsigned i = 0; i < PAGES; i++) {
		memset(test.bytes + SLOTS + i * PAGE, i + 1, PAGE);
		memset(test.memory + i * PAGE, i + 1, PAGE);
	}
	test.header.pages_offset = SLOTS;
	test.list.headers = &test.header;
	test.list.layout.page_size = test.layout.page_size = PAGE;
	assert_ok(ram_layout_add(&test.list.layout, "ram", PAGES * PAGE, &err),
		  err);
	assert_ok(ram_layout_add(&test.layout, "other", PAGE, &err), err);
	assert_ok(ram_layout_add(&test.layout, "ram", 2 * PAGES * PAGE, &err),
		  err);
	assert_ok(input_open_memory(&test.in, test.bytes, sizeof(test.bytes),
				    &err),
		  err);
	assert_ok(mapped_base_init(&test.base, -1, test.in, &test.list, &err),
		  err);
	assert_int_equal(test.base.unit, PAGE);
	return 0;
}

static int end(void **state)
{
	(void)state;
	mapped_base_release(&test.base);
	input_close(test.in);
	ram_layout_free(&test.list.layout);
	ram_layout_free(&test.layout);
	return 0;
}

static struct page_run run_of(unsigned block, uint64_t offset, uint64_t length)
{
	return (struct page_run){
		.block = &test.layout.blocks[block],
		.offset = offset,
		.length = length,
		.kind = PAGE_DATA,
		.data = test.memory + offset,
	};
}

/* What is found from there on, in the file at to. */
static void finds(const struct page_run *run, uint64_t done, uint64_t to,
		  uint64_t length, uint64_t from)
{
	uint64_t found;

	assert_int_equal(
		mapped_base_compare(&test.base, run, done, to, PAGE, &found),
		length);
	assert_true(found == from);
}

static void equal_pages_are_one_range(void **state)
{
	struct page_run run = run_of(1, 2 * PAGE, 5 * PAGE);

	(void)state;
	finds(&run, 0, TO + 2 * PAGE, 5 * PAGE, SLOTS + 2 * PAGE);
	finds(&run, PAGE, TO + 3 * PAGE, 4 * PAGE, SLOTS + 3 * PAGE);
}

static void pages_that_differ_are_between_them(void **state)
{
	struct page_run run = run_of(1, 0, PAGES * PAGE);

	(void)state;
	test.memory[2 * PAGE + 17] ^= 1;
	test.memory[4 * PAGE - 1] ^= 1;
	finds(&run, 0, TO, 2 * PAGE, SLOTS);
	finds(&run, 2 * PAGE, TO + 2 * PAGE, 2 * PAGE, SAVETOOL_UNKNOWN);
	finds(&run, 4 * PAGE, TO + 4 * PAGE, 4 * PAGE, SLOTS + 4 * PAGE);
}

static void what_the_base_does_not_have_is_written(void **state)
{
	struct page_run run = run_of(0, 0, PAGE);

	(void)state;
	finds(&run, 0, TO, PAGE, SAVETOOL_UNKNOWN);
	run = run_of(1, PAGES * PAGE, 3 * PAGE);
	finds(&run, 0, TO, 3 * PAGE, SAVETOOL_UNKNOWN);
	/* The base's last page is cut off. */
	test.in->size -= 1;
	run = run_of(1, (PAGES - 1) * PAGE, PAGE);
	finds(&run, 0, TO, PAGE, SAVETOOL_UNKNOWN);
}

/* Only whole units of storage can be shared. */
static void offsets_must_be_alike(void **state)
{
	struct page_run run = run_of(1, 0, 5 * PAGE);

	(void)state;
	finds(&run, 0, TO + 512, 5 * PAGE, SAVETOOL_UNKNOWN);
	test.base.unit = 2 * PAGE;
	finds(&run, 0, TO, 4 * PAGE, SLOTS);
	finds(&run, 4 * PAGE, TO + 4 * PAGE, PAGE, SAVETOOL_UNKNOWN);
	finds(&run, PAGE, TO + PAGE, PAGE, SAVETOOL_UNKNOWN);
	finds(&run, 0, TO + PAGE, 5 * PAGE, SAVETOOL_UNKNOWN);
}

static ssize_t read_fails(struct input *in, void *data, size_t size,
			  uint64_t offset, struct savetool_error *err)
{
	(void)in;
	(void)data;
	(void)size;
	(void)offset;
	err->code = SAVETOOL_SYSTEM;
	return -1;
}

static void a_base_that_cannot_be_read_is_no_failure(void **state)
{
	struct page_run run = run_of(1, 0, 5 * PAGE);
	struct input_ops ops = *test.in->ops;
	const struct input_ops *own = test.in->ops;

	(void)state;
	ops.read_at = read_fails;
	test.in->ops = &ops;
	finds(&run, 0, TO, PAGE, SAVETOOL_UNKNOWN);
	test.in->ops = own;
	finds(&run, PAGE, TO + PAGE, 4 * PAGE, SLOTS + PAGE);
}

static int reads;

static ssize_t read_counts(struct input *in, void *data, size_t size,
			   uint64_t offset, struct savetool_error *err)
{
	(void)err;
	reads++;
	if (offset >= in->size)
		return 0;
	if (size > in->size - offset)
		size = in->size - offset;
	memcpy(data, test.bytes + offset, size);
	return (ssize_t)size;
}

/* As a sequential source gives them. */
static void pages_that_come_one_by_one_are_read_ahead(void **state)
{
	struct input_ops ops = *test.in->ops;
	const struct input_ops *own = test.in->ops;

	(void)state;
	ops.read_at = read_counts;
	test.in->ops = &ops;
	reads = 0;
	for (uint64_t i = 0; i < PAGES; i++) {
		struct page_run run = run_of(1, i * PAGE, PAGE);

		finds(&run, 0, TO + i * PAGE, PAGE, SLOTS + i * PAGE);
	}
	assert_true(reads < PAGES);
	test.in->ops = own;
}

/* An output that shares, if it can, and remembers what was done. */
static struct {
	struct output base;
	int can, clones, writes;
	uint64_t from, to, length;
} out;

static int out_clone(struct output *output, int fd, uint64_t from, uint64_t to,
		     uint64_t length, struct savetool_error *err)
{
	(void)output;
	(void)fd;
	(void)err;
	out.clones++;
	out.from = from;
	out.to = to;
	out.length = length;
	return out.can;
}

static int out_write(struct output *output, struct iovec *iov, unsigned count,
		     uint64_t offset, struct savetool_error *err)
{
	(void)output;
	(void)err;
	assert_int_equal(count, 1);
	assert_memory_equal(iov->iov_base, test.bytes + out.from, iov->iov_len);
	assert_true(offset == out.to && iov->iov_len == out.length);
	out.writes++;
	return 0;
}

static void open_out(int can)
{
	static const struct output_ops ops = {
		.clone = out_clone,
		.write_at = out_write,
	};

	memset(&out, 0, sizeof(out));
	out.base.ops = &ops;
	out.base.seekable = true;
	out.can = can;
}

static void share(unsigned from, unsigned to)
{
	struct savetool_error err;

	assert_ok(mapped_base_share(&test.base, &out.base, SLOTS + from * PAGE,
				    TO + to * PAGE, PAGE, &err),
		  err);
}

static void flush(void)
{
	struct savetool_error err;

	assert_ok(mapped_base_flush(&test.base, &out.base, &err), err);
}

static void shares_that_adjoin_are_one(void **state)
{
	(void)state;
	open_out(1);
	share(0, 0);
	share(1, 1);
	share(2, 2);
	assert_int_equal(out.clones, 0);
	flush();
	flush();
	assert_int_equal(out.clones, 1);
	assert_true(out.from == SLOTS && out.to == TO &&
		    out.length == 3 * PAGE);
	share(3, 3);
	share(4, 5);
	assert_int_equal(out.clones, 2);
	share(6, 6);
	assert_int_equal(out.clones, 3);
	flush();
	assert_int_equal(out.clones, 4);
	assert_true(out.from == SLOTS + 6 * PAGE && out.length == PAGE);
	assert_true(test.base.shared == 6 * PAGE);
}

static void what_cannot_be_shared_is_copied(void **state)
{
	(void)state;
	open_out(0);
	share(3, 0);
	share(4, 1);
	flush();
	assert_int_equal(out.clones, 1);
	assert_int_equal(out.writes, 1);
	assert_true(test.base.shared == 0);
}

#define base_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		base_test(equal_pages_are_one_range),
		base_test(pages_that_differ_are_between_them),
		base_test(what_the_base_does_not_have_is_written),
		base_test(offsets_must_be_alike),
		base_test(a_base_that_cannot_be_read_is_no_failure),
		base_test(pages_that_come_one_by_one_are_read_ahead),
		base_test(shares_that_adjoin_are_one),
		base_test(what_cannot_be_shared_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
