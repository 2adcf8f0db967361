/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps: every range against the same done bit by bit. */
#include "config.h"

#include "base/bitmap.h"

#include "unit/check.h"

#define BITS 150

static void make(struct bitmap *bitmap, uint64_t bits)
{
	assert_true(bitmap_init(bitmap, bits));
}

TEST(size_is_in_whole_words)
{
	assert_int_equal(bitmap_size(0), 0);
	assert_int_equal(bitmap_size(1), 8);
	assert_int_equal(bitmap_size(64), 8);
	assert_int_equal(bitmap_size(65), 16);
	assert_int_equal(bitmap_size(65536), 8192);
}

TEST(bits_lie_as_a_little_endian_host_has_them)
{
	struct bitmap bitmap;
	static const uint8_t expected[] = { 0x01, 0x82, 0, 0, 0, 0, 0,    0,
					    0,    0,    0, 0, 0, 0, 0x40, 0 };

	make(&bitmap, 128);
	bitmap_set_range(&bitmap, 0, 1);
	bitmap_set_range(&bitmap, 9, 1);
	bitmap_set_range(&bitmap, 15, 1);
	bitmap_set_range(&bitmap, 118, 1);
	assert_memory_equal(bitmap.bytes, expected, sizeof(expected));
	assert_true(bitmap_get(&bitmap, 9));
	assert_false(bitmap_get(&bitmap, 8));
	assert_false(bitmap_get(&bitmap, 10));
	bitmap_free(&bitmap);
}

TEST(every_range_is_set_and_counted)
{
	struct bitmap bitmap;

	make(&bitmap, BITS);
	for (unsigned first = 0; first <= BITS; first++) {
		for (unsigned count = 0; first + count <= BITS; count++) {
			bitmap_clear_range(&bitmap, 0, BITS);
			bitmap_set_range(&bitmap, first, count);
			for (unsigned i = 0; i < BITS; i++)
				assert_int_equal(bitmap_get(&bitmap, i),
						 i >= first &&
							 i < first + count);
			assert_int_equal(bitmap_count(&bitmap, 0, BITS), count);
			assert_int_equal(bitmap_count(&bitmap, first, count),
					 count);
			assert_int_equal(bitmap_count(&bitmap, 0, first), 0);
		}
	}
	bitmap_free(&bitmap);
}

TEST(every_range_is_cleared)
{
	struct bitmap bitmap;

	make(&bitmap, BITS);
	for (unsigned first = 0; first <= BITS; first++) {
		for (unsigned count = 0; first + count <= BITS; count++) {
			bitmap_set_range(&bitmap, 0, BITS);
			bitmap_clear_range(&bitmap, first, count);
			for (unsigned i = 0; i < BITS; i++)
				assert_int_equal(bitmap_get(&bitmap, i),
						 i < first ||
							 i >= first + count);
		}
	}
	bitmap_free(&bitmap);
}

TEST(bits_after_the_last_stay_clear)
{
	struct bitmap bitmap;

	make(&bitmap, 70);
	bitmap_set_range(&bitmap, 0, 70);
	for (unsigned i = 70; i < 128; i++)
		assert_false(bitmap_get(&bitmap, i));
	bitmap_free(&bitmap);
}

TEST(find_goes_from_run_to_run)
{
	struct bitmap bitmap;

	make(&bitmap, BITS);
	bitmap_set_range(&bitmap, 3, 2);
	bitmap_set_range(&bitmap, 60, 70);
	assert_int_equal(bitmap_find(&bitmap, 0, true), 3);
	assert_int_equal(bitmap_find(&bitmap, 3, true), 3);
	assert_int_equal(bitmap_find(&bitmap, 3, false), 5);
	assert_int_equal(bitmap_find(&bitmap, 5, true), 60);
	assert_int_equal(bitmap_find(&bitmap, 61, false), 130);
	assert_int_equal(bitmap_find(&bitmap, 130, false), 130);
	bitmap_free(&bitmap);
}

TEST(find_ends_where_the_bits_end)
{
	struct bitmap bitmap;

	make(&bitmap, 70);
	assert_int_equal(bitmap_find(&bitmap, 0, true), 70);
	bitmap_set_range(&bitmap, 0, 70);
	assert_int_equal(bitmap_find(&bitmap, 0, false), 70);
	assert_int_equal(bitmap_find(&bitmap, 70, true), 70);
	bitmap_free(&bitmap);
	make(&bitmap, 0);
	assert_int_equal(bitmap_find(&bitmap, 0, true), 0);
	bitmap_free(&bitmap);
}

TEST(find_stops_at_its_limit)
{
	struct bitmap bitmap;

	make(&bitmap, BITS);
	bitmap_set_range(&bitmap, 3, 100);
	for (unsigned from = 0; from <= BITS; from++) {
		for (unsigned end = from; end <= BITS; end++) {
			uint64_t set = bitmap_find(&bitmap, from, true);
			uint64_t clear = bitmap_find(&bitmap, from, false);

			assert_int_equal(
				bitmap_find_before(&bitmap, from, end, true),
				set < end ? set : end);
			assert_int_equal(
				bitmap_find_before(&bitmap, from, end, false),
				clear < end ? clear : end);
		}
	}
	assert_int_equal(bitmap_find_before(&bitmap, 9, 8, true), 8);
	bitmap_free(&bitmap);
}

/* Of a file, they may be anything. */
TEST(a_bit_set_after_the_last_is_not_found)
{
	struct bitmap bitmap;

	make(&bitmap, 70);
	memset(bitmap.bytes + 8, 0xff, 8);
	bitmap.bytes[8] = 0;
	assert_int_equal(bitmap_find(&bitmap, 0, true), 70);
	assert_int_equal(bitmap_find(&bitmap, 65, true), 70);
	assert_int_equal(bitmap_count(&bitmap, 0, 70), 0);
	bitmap_free(&bitmap);
}

TEST(swapping_reverses_the_bytes_of_every_word)
{
	struct bitmap bitmap;

	make(&bitmap, 128);
	for (unsigned i = 0; i < 16; i++)
		bitmap.bytes[i] = i;
	bitmap_swap(&bitmap);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(bitmap.bytes[i], (i / 8) * 8 + 7 - i % 8);
	bitmap_free(&bitmap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_in_whole_words),
		cmocka_unit_test(bits_lie_as_a_little_endian_host_has_them),
		cmocka_unit_test(every_range_is_set_and_counted),
		cmocka_unit_test(every_range_is_cleared),
		cmocka_unit_test(bits_after_the_last_stay_clear),
		cmocka_unit_test(find_goes_from_run_to_run),
		cmocka_unit_test(find_ends_where_the_bits_end),
		cmocka_unit_test(find_stops_at_its_limit),
		cmocka_unit_test(a_bit_set_after_the_last_is_not_found),
		cmocka_unit_test(swapping_reverses_the_bytes_of_every_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
