/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extents from the start of a file on, and more of them than are kept. */
#include "config.h"

#include "io/extents.h"

#include "unit/check.h"

static void add(struct extents *extents, uint64_t length, bool hole)
{
	const struct extent extent = { extents_end(extents), length, hole };

	extents_add(extents, &extent);
}

static void lies_in(const struct extents *extents, uint64_t offset,
		    uint64_t length, bool hole)
{
	struct extent extent;

	assert_true(extents_find(extents, offset, &extent));
	assert_int_equal(extent.offset, offset);
	assert_int_equal(extent.length, length);
	assert_int_equal(extent.hole, hole);
}

TEST(nothing_is_known_at_first)
{
	struct extents extents = { 0 };
	struct extent extent;

	assert_false(extents_find(&extents, 0, &extent));
	assert_int_equal(extents_end(&extents), 0);
	assert_false(extents_end_with_hole(&extents));
}

TEST(data_and_holes_take_turns)
{
	for (int hole_first = 0; hole_first < 2; hole_first++) {
		struct extents extents = { 0 };
		struct extent extent;

		for (unsigned i = 0; i < 1000; i++)
			add(&extents, i + 1, (i + hole_first) % 2);
		for (unsigned i = 0, at = 0; i < 1000; at += ++i) {
			bool hole = (i + hole_first) % 2;

			lies_in(&extents, at, i + 1, hole);
			lies_in(&extents, at + i, 1, hole);
		}
		assert_int_equal(extents_end(&extents), 500500);
		assert_int_equal(extents_end_with_hole(&extents), !hole_first);
		assert_false(extents_find(&extents, 500500, &extent));
		extents_free(&extents);
	}
}

/* On XFS, a hole may be data when the file system is asked again. */
TEST(extents_of_one_kind_in_a_row_are_one)
{
	for (int hole = 0; hole < 2; hole++) {
		struct extents extents = { 0 };

		add(&extents, 4096, hole);
		add(&extents, 8192, hole);
		lies_in(&extents, 0, 12288, hole);
		lies_in(&extents, 4096, 8192, hole);
		assert_int_equal(extents_end_with_hole(&extents), hole);
		/* What follows is not taken for the opposite. */
		add(&extents, 4096, !hole);
		add(&extents, 4096, !hole);
		add(&extents, 4096, hole);
		lies_in(&extents, 0, 12288, hole);
		lies_in(&extents, 12288, 8192, !hole);
		lies_in(&extents, 20480, 4096, hole);
		assert_int_equal(extents_end(&extents), 24576);
		extents_free(&extents);
	}
}

TEST(extents_that_do_not_fit_are_left_out)
{
	struct extents extents = { 0 };

	while (!extents.full)
		add(&extents, 4096, extents.count % 2);
	assert_true(extents.count * sizeof(uint64_t) <= 1 << 20);
	assert_int_equal(extents_end(&extents), extents.count * 4096);
	lies_in(&extents, 4095, 1, false);
	lies_in(&extents, extents_end(&extents) - 1, 1, extents.count % 2 == 0);
	extents_free(&extents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(data_and_holes_take_turns),
		cmocka_unit_test(extents_of_one_kind_in_a_row_are_one),
		cmocka_unit_test(extents_that_do_not_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
