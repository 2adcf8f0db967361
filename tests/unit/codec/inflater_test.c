/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inflater, given its input in pieces of any size. */
#include "config.h"

#include "codec/inflater.h"

#include "unit/packing.h"

#define MEMBERS 3

static uint32_t noise = 5;

/* 1 to most. */
static size_t any(size_t most)
{
	noise = noise * 1664525 + 1013904223;
	return (noise >> 8) % most + 1;
}

/* Inflates one member; returns how long it is. */
static size_t inflate_member(struct inflater **inflater, const uint8_t *packed,
			     size_t size, size_t most, uint8_t *data,
			     size_t *made)
{
	size_t used = 0;
	enum step verdict;

	*made = 0;
	assert_true(inflater_begin(inflater));
	do {
		const size_t left = any(most), space = any(3 * most);
		struct span span = {
			.from = packed + used,
			.left = left < size - used ? left : size - used,
			.to = data + *made,
			.space = space,
		};
		const size_t given = span.left;

		verdict = inflater_step(*inflater, &span);
		assert_true(verdict == STEP_MORE || verdict == STEP_END);
		used += given - span.left;
		*made += space - span.space;
		assert_ptr_equal(span.from, packed + used);
		assert_true(*made <= SMALL_SIZE);
	} while (verdict == STEP_MORE);
	return used;
}

TEST(input_may_be_divided_anywhere)
{
	static const size_t most[] = { 1, 2, 3, 7, 8, 20, 100, 5000 };
	const size_t room = SMALL_SIZE + 15000;
	uint8_t *plain = make_plain(SMALL_SIZE), *packed;
	uint8_t *data = malloc(room);
	struct inflater *inflater = NULL;
	size_t size, member;

	assert_non_null(data);
	scratch_write("plain", plain, SMALL_SIZE);
	run("gzip -c plain > member");
	member = load("member", &packed);
	free(packed);
	run("cat member member member member > packed");
	size = load("packed", &packed);
	for (size_t i = 0; i < sizeof(most) / sizeof(*most); i++) {
		for (unsigned j = 0; j < MEMBERS; j++) {
			size_t made;

			assert_int_equal(inflate_member(&inflater,
							packed + j * member,
							size - j * member,
							most[i], data, &made),
					 member);
			assert_int_equal(made, SMALL_SIZE);
			assert_memory_equal(data, plain, SMALL_SIZE);
		}
	}
	inflater_free(inflater);
	free(data);
	free(packed);
	free(plain);
}

/* The CRC, and then the length. */
TEST(each_byte_of_the_trailer_is_checked)
{
	uint8_t *plain = make_plain(SMALL_SIZE), *packed;
	uint8_t *data = malloc(SMALL_SIZE);
	struct inflater *inflater = NULL;
	size_t size;

	assert_non_null(data);
	scratch_write("plain", plain, SMALL_SIZE);
	run("gzip -c plain > packed");
	size = load("packed", &packed);
	for (size_t i = size - 8; i < size; i++) {
		struct span span = {
			.from = packed,
			.left = size,
			.to = data,
			.space = SMALL_SIZE,
		};

		packed[i] ^= 0x20;
		assert_true(inflater_begin(&inflater));
		assert_int_equal(inflater_step(inflater, &span), STEP_CORRUPT);
		packed[i] ^= 0x20;
	}
	inflater_free(inflater);
	free(data);
	free(packed);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(input_may_be_divided_anywhere),
		scratch_test(each_byte_of_the_trailer_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
