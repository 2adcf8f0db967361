/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of another input, with holes between them. */
#include "config.h"

#include "io/input_ranges.h"

#include "unit/scratch.h"

/* Data at 10 to 20, and at 50 to 80; 100 bytes with the holes. */
static struct input_ranges two_ranges(void)
{
	struct input_ranges ranges = { .count = 2, .size = 100 };

	ranges.list = calloc(2, sizeof(*ranges.list));
	assert_non_null(ranges.list);
	ranges.list[0] = (struct input_range){ .offset = 10, .length = 10 };
	ranges.list[1] = (struct input_range){ .offset = 50, .length = 30 };
	return ranges;
}

static void is_extent(struct input *in, uint64_t offset, uint64_t length,
		      bool hole)
{
	struct extent extent;
	struct savetool_error err;

	assert_ok(input_extent(in, offset, &extent, &err), err);
	assert_int_equal(extent.offset, offset);
	assert_int_equal(extent.length, length);
	assert_int_equal(extent.hole, hole);
}

TEST(data_lies_range_after_range)
{
	struct input_ranges ranges = two_ranges();
	struct savetool_error err;
	struct input *below, *in;
	uint8_t bytes[64], expected[100] = { 0 }, found[101];
	size_t got;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	memcpy(expected + 10, bytes + 5, 10);
	memcpy(expected + 50, bytes + 15, 30);
	assert_int_equal(input_ranges_stored(&ranges), 40);
	input_ranges_place(&ranges, 5);
	assert_ok(input_open_memory(&below, bytes, sizeof(bytes), &err), err);
	assert_ok(input_open_ranges(&in, &ranges, below, &err), err);
	assert_null(ranges.list);
	assert_true(in->seekable);
	assert_int_equal(in->size, 100);
	assert_ok(input_read_all(in, found, sizeof(found), 0, &got, &err), err);
	assert_int_equal(got, 100);
	assert_memory_equal(found, expected, 100);
	for (size_t at = 0; at < 100; at++) {
		assert_ok(input_read_exactly(in, found, 1, at, &err), err);
		assert_int_equal(found[0], expected[at]);
	}
	is_extent(in, 0, 10, true);
	is_extent(in, 13, 7, false);
	is_extent(in, 20, 30, true);
	is_extent(in, 79, 1, false);
	is_extent(in, 80, 20, true);
	assert_ok(input_read_all(in, found, 1, 100, &got, &err), err);
	assert_int_equal(got, 0);
	input_close(in);
	input_close(below);
}

TEST(what_ends_too_early_is_an_end)
{
	struct input_ranges ranges = two_ranges();
	struct savetool_error err;
	struct input *below, *in;
	uint8_t found[100];
	size_t got;

	input_ranges_place(&ranges, 0);
	assert_ok(input_open_memory(&below, "0123456789abc", 13, &err), err);
	assert_ok(input_open_ranges(&in, &ranges, below, &err), err);
	assert_ok(input_read_all(in, found, sizeof(found), 0, &got, &err), err);
	assert_int_equal(got, 53);
	input_close(in);
	input_close(below);
}

/* Of a file in an archive that has holes itself. */
static void data_over_a_hole_is_a_hole(void **state)
{
	const uint64_t hole = UINT64_C(1) << 20;
	struct input_ranges ranges = { .count = 1, .size = 3 * hole };
	struct savetool_error err;
	struct input *below, *in;
	struct extent extent;
	uint8_t found[10];
	int fd;

	(void)state;
	scratch_write("a", "head", 4);
	fd = open("a", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "tail", 4, 2 * hole), 4);
	close(fd);
	ranges.list = calloc(1, sizeof(*ranges.list));
	assert_non_null(ranges.list);
	ranges.list[0] = (struct input_range){ .length = 2 * hole + 4 };
	input_ranges_place(&ranges, 0);
	assert_ok(input_open_file(&below, "a", &err), err);
	assert_ok(input_open_ranges(&in, &ranges, below, &err), err);
	assert_ok(input_extent(in, 0, &extent, &err), err);
	assert_false(extent.hole);
	assert_true(extent.length < hole);
	is_extent(in, hole, hole, true);
	is_extent(in, 2 * hole + 4, hole - 4, true);
	assert_ok(input_read_exactly(in, found, 4, 2 * hole, &err), err);
	assert_memory_equal(found, "tail", 4);
	input_close(in);
	input_close(below);
}

TEST(nothing_at_all_is_one_hole)
{
	struct input_ranges ranges = { .size = UINT64_C(1) << 40 };
	struct savetool_error err;
	struct input *below, *in;
	uint8_t found[10];

	assert_int_equal(input_ranges_stored(&ranges), 0);
	assert_ok(input_open_memory(&below, "", 0, &err), err);
	assert_ok(input_open_ranges(&in, &ranges, below, &err), err);
	is_extent(in, 0, UINT64_C(1) << 40, true);
	assert_ok(input_read_exactly(in, found, 10, UINT64_C(1) << 39, &err),
		  err);
	assert_memory_equal(found, (uint8_t[10]){ 0 }, 10);
	input_close(in);
	input_close(below);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_lies_range_after_range),
		cmocka_unit_test(what_ends_too_early_is_an_end),
		scratch_test(data_over_a_hole_is_a_hole),
		cmocka_unit_test(nothing_at_all_is_one_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
