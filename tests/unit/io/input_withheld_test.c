/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first bytes of what was written come from memory. */
#include "config.h"

#include "io/input_withheld.h"

#include "unit/check.h"

#define SIZE 100

static struct input *opened(const uint8_t bytes[SIZE], size_t count)
{
	struct withheld withheld = { .active = true, .size = count };
	struct savetool_error err;
	struct input *below, *in;

	memset(withheld.bytes, 'w', sizeof(withheld.bytes));
	assert_ok(input_open_memory(&below, bytes, SIZE, &err), err);
	assert_ok(input_open_withheld(&in, below, &withheld, &err), err);
	assert_true(in->seekable);
	assert_int_equal(in->size, SIZE);
	return in;
}

TEST(what_is_withheld_covers_the_first_bytes)
{
	for (size_t count = 0; count <= OUTPUT_LAST; count++) {
		uint8_t bytes[SIZE] = { 0 }, expected[SIZE], found[SIZE + 1];
		struct savetool_error err;
		struct extent extent;
		struct input *in;
		size_t got;

		memset(bytes + count, 'b', SIZE - count);
		memcpy(expected, bytes, SIZE);
		memset(expected, 'w', count);
		in = opened(bytes, count);
		assert_ok(
			input_read_all(in, found, sizeof(found), 0, &got, &err),
			err);
		assert_int_equal(got, SIZE);
		assert_memory_equal(found, expected, SIZE);
		assert_ok(input_read_exactly(in, found, 1, count, &err), err);
		assert_int_equal(found[0], 'b');
		assert_ok(input_extent(in, 0, &extent, &err), err);
		assert_false(extent.hole);
		assert_int_equal(extent.length, count ? count : SIZE);
		input_close(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_withheld_covers_the_first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
