/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A single nonzero byte is found, wherever it is. */
#include "config.h"

#include "base/zero.h"

#include "unit/check.h"

TEST(no_bytes_are_zero)
{
	assert_true(is_zero("x", 0));
}

TEST(zeros_are_zero_at_any_size_and_alignment)
{
	uint8_t bytes[128];

	for (size_t start = 0; start < 16; start++) {
		for (size_t size = 0; size < 100; size++) {
			memset(bytes, 0xff, sizeof(bytes));
			memset(bytes + start, 0, size);
			assert_true(is_zero(bytes + start, size));
		}
	}
}

TEST(any_one_byte_is_found)
{
	uint8_t bytes[80] = { 0 };

	for (size_t size = 1; size <= sizeof(bytes); size++) {
		for (size_t at = 0; at < size; at++) {
			bytes[at] = 0x80;
			assert_false(is_zero(bytes, size));
			bytes[at] = 0;
		}
	}
}

TEST(any_one_byte_of_a_page_is_found)
{
	static uint8_t page[4096];

	assert_true(is_zero(page, sizeof(page)));
	for (size_t at = 0; at < sizeof(page); at++) {
		page[at] = 1;
		assert_false(is_zero(page, sizeof(page)));
		page[at] = 0;
	}
}

/* A scan that compares bytes with their neighbours alone would miss it. */
TEST(equal_bytes_that_are_not_zero_are_found)
{
	static uint8_t page[4096];

	memset(page, 0x5a, sizeof(page));
	assert_false(is_zero(page, sizeof(page)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bytes_are_zero),
		cmocka_unit_test(zeros_are_zero_at_any_size_and_alignment),
		cmocka_unit_test(any_one_byte_is_found),
		cmocka_unit_test(any_one_byte_of_a_page_is_found),
		cmocka_unit_test(equal_bytes_that_are_not_zero_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
