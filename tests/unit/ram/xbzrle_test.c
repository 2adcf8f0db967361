/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XBZRLE applied to a page, and bytes that are not valid XBZRLE. */
#include "config.h"

#include "ram/xbzrle.h"

#include "unit/check.h"

#define PAGE 4096

#define BYTES(...)                                                             \
	(const uint8_t[]){ __VA_ARGS__ },                                      \
		sizeof((const uint8_t[]){ __VA_ARGS__ })

static void refuses(const uint8_t *delta, size_t size)
{
	uint8_t page[PAGE];

	memset(page, 0x55, sizeof(page));
	assert_false(xbzrle_is_valid(PAGE, delta, size));
	assert_int_equal(xbzrle_apply(page, PAGE, delta, size), -1);
}

/* The page that a delta makes of one full of 0x55. */
static void applies(uint8_t page[PAGE], const uint8_t *delta, size_t size)
{
	memset(page, 0x55, PAGE);
	assert_true(xbzrle_is_valid(PAGE, delta, size));
	assert_int_equal(xbzrle_apply(page, PAGE, delta, size), 0);
}

/* The page is full of 0x55, but for these bytes. */
static void differs_only(const uint8_t page[PAGE], size_t at,
			 const uint8_t *bytes, size_t size)
{
	uint8_t expected[PAGE];

	memset(expected, 0x55, PAGE);
	memcpy(expected + at, bytes, size);
	assert_memory_equal(page, expected, PAGE);
}

/* As QEMU 10 made it: two bytes at 0, 1022 that stay, two bytes at 1024. */
TEST(a_real_delta_is_applied)
{
	uint8_t page[PAGE], expected[PAGE];

	applies(page,
		BYTES(0x00, 0x02, 0x2c, 0x3a, 0xfe, 0x07, 0x02, 0x2b, 0x3a));
	memset(expected, 0x55, PAGE);
	memcpy(expected, "\x2c\x3a", 2);
	memcpy(expected + 1024, "\x2b\x3a", 2);
	assert_memory_equal(page, expected, PAGE);
}

TEST(an_empty_delta_changes_nothing)
{
	uint8_t page[PAGE];

	applies(page, (const uint8_t *)"", 0);
	differs_only(page, 0, (const uint8_t *)"", 0);
}

TEST(the_first_and_the_last_byte_can_change)
{
	uint8_t page[PAGE];

	applies(page, BYTES(0x00, 0x01, 0xaa));
	differs_only(page, 0, BYTES(0xaa));
	applies(page, BYTES(0xff, 0x1f, 0x01, 0xbb));
	differs_only(page, PAGE - 1, BYTES(0xbb));
}

TEST(a_whole_page_can_change)
{
	uint8_t page[PAGE], delta[3 + PAGE] = { 0x00, 0x80, 0x20 };

	memset(delta + 3, 0x77, PAGE);
	applies(page, delta, sizeof(delta));
	differs_only(page, 0, delta + 3, PAGE);
}

TEST(a_length_of_7_bits_takes_one_byte)
{
	uint8_t page[PAGE];

	applies(page, BYTES(0x7f, 0x01, 0xaa));
	differs_only(page, 127, BYTES(0xaa));
	applies(page, BYTES(0x80, 0x01, 0x01, 0xaa));
	differs_only(page, 128, BYTES(0xaa));
}

TEST(a_run_of_kept_bytes_needs_one_of_new_bytes)
{
	refuses(BYTES(0x01));
	refuses(BYTES(0x00, 0x01, 0xaa, 0x05));
	refuses(BYTES(0x81, 0x01));
}

TEST(a_run_of_kept_bytes_is_empty_only_at_the_start)
{
	refuses(BYTES(0x00, 0x01, 0xaa, 0x00, 0x01, 0xbb));
}

TEST(there_are_new_bytes_in_each_run)
{
	refuses(BYTES(0x05, 0x00));
	refuses(BYTES(0x05, 0x00, 0x01, 0x01, 0xaa));
}

TEST(nothing_goes_beyond_the_page)
{
	refuses(BYTES(0x80, 0x20, 0x01, 0xaa));
	refuses(BYTES(0xff, 0x1f, 0x02, 0xaa, 0xbb));
	refuses(BYTES(0xff, 0x7f, 0x01, 0xaa));
}

TEST(nothing_goes_beyond_the_delta)
{
	refuses(BYTES(0x00, 0x03, 0xaa, 0xbb));
	refuses(BYTES(0x00, 0x80, 0x01, 0xaa));
}

TEST(a_length_has_two_bytes_at_most)
{
	refuses(BYTES(0x80, 0x80, 0x01, 0x01, 0xaa));
	refuses(BYTES(0x00, 0x81, 0x80, 0x00, 0xaa));
}

/* 16384 to stay in a page of 65536, were there 21 bits. */
TEST(a_length_has_two_bytes_even_in_the_largest_page)
{
	static uint8_t page[65536];
	static const uint8_t delta[] = { 0x80, 0x80, 0x01, 0x01, 0xaa };

	assert_false(xbzrle_is_valid(sizeof(page), delta, sizeof(delta)));
	assert_false(xbzrle_is_valid(
		sizeof(page), (const uint8_t[]){ 0x80, 0x80, 0x01, 1 }, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_delta_is_applied),
		cmocka_unit_test(an_empty_delta_changes_nothing),
		cmocka_unit_test(the_first_and_the_last_byte_can_change),
		cmocka_unit_test(a_whole_page_can_change),
		cmocka_unit_test(a_length_of_7_bits_takes_one_byte),
		cmocka_unit_test(a_run_of_kept_bytes_needs_one_of_new_bytes),
		cmocka_unit_test(
			a_run_of_kept_bytes_is_empty_only_at_the_start),
		cmocka_unit_test(there_are_new_bytes_in_each_run),
		cmocka_unit_test(nothing_goes_beyond_the_page),
		cmocka_unit_test(nothing_goes_beyond_the_delta),
		cmocka_unit_test(a_length_has_two_bytes_at_most),
		cmocka_unit_test(
			a_length_has_two_bytes_even_in_the_largest_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
