/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Integers in bytes: order, alignment, rounding. */
#include "config.h"

#include "base/bytes.h"

#include "unit/check.h"

static const uint8_t sample[] = { 0xff, 1, 2, 3, 4, 5, 6, 7, 8 };

TEST(big_endian_has_the_high_byte_first)
{
	assert_int_equal(get_be16(sample + 1), 0x0102);
	assert_int_equal(get_be32(sample + 1), 0x01020304);
	assert_int_equal(get_be64(sample + 1), 0x0102030405060708);
}

TEST(little_endian_has_the_low_byte_first)
{
	assert_int_equal(get_le32(sample + 1), 0x04030201);
}

TEST(a_number_is_read_as_written_and_its_neighbours_stay)
{
	uint8_t bytes[10];
	static const uint8_t be64[] = { 0xee, 0x80, 0, 0, 0, 0, 0, 0, 1, 0xee };

	memset(bytes, 0xee, sizeof(bytes));
	put_be64(bytes + 1, 0x8000000000000001);
	assert_memory_equal(bytes, be64, sizeof(bytes));
	put_be16(bytes + 1, 0xfedc);
	assert_int_equal(get_be16(bytes + 1), 0xfedc);
	assert_int_equal(bytes[3], 0);
	put_be32(bytes + 1, 0xfedcba98);
	assert_int_equal(bytes[1], 0xfe);
	assert_int_equal(get_be32(bytes + 1), 0xfedcba98);
	put_le32(bytes + 1, 0xfedcba98);
	assert_int_equal(bytes[1], 0x98);
	assert_int_equal(get_le32(bytes + 1), 0xfedcba98);
	assert_int_equal(bytes[0], 0xee);
	assert_int_equal(bytes[9], 0xee);
}

TEST(rounding_up_leaves_multiples_alone)
{
	const uint64_t mib = UINT64_C(1) << 20;

	assert_int_equal(round_up(0, mib), 0);
	assert_int_equal(round_up(1, mib), mib);
	assert_int_equal(round_up(mib, mib), mib);
	assert_int_equal(round_up(mib + 1, mib), 2 * mib);
	assert_true(round_up((UINT64_C(1) << 40) + 1, 4096) ==
		    (UINT64_C(1) << 40) + 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(big_endian_has_the_high_byte_first),
		cmocka_unit_test(little_endian_has_the_low_byte_first),
		cmocka_unit_test(
			a_number_is_read_as_written_and_its_neighbours_stay),
		cmocka_unit_test(rounding_up_leaves_multiples_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
