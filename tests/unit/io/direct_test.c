/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few bytes among whole blocks. */
#include "config.h"

#include "io/direct.h"

#include "unit/cached.h"

#define SIZE 20000

static uint8_t data[SIZE];

static int open_direct(void)
{
	int fd;

	scratch_write("x", data, SIZE);
	fd = open("x", O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		skip_test("this file system has no O_DIRECT");
	return fd;
}

static void patches(size_t size, uint64_t offset)
{
	uint8_t expected[SIZE], bytes[SIZE];
	int fd = open_direct();

	memset(bytes, 0xaa, size);
	memcpy(expected, data, SIZE);
	memcpy(expected + offset, bytes, size);
	assert_int_equal(direct_patch(fd, bytes, size, offset), 1);
	close(fd);
	scratch_holds("x", expected, SIZE);
}

TEST(bytes_are_changed_and_those_around_them_are_not)
{
	patches(8, 100);
	patches(8, 4092);
	patches(1, 8191);
	patches(4096, 4096);
	patches(9000, 5000);
	patches(16384, 0);
}

/* The last block is a part of one: it would make the file longer. */
TEST(a_file_does_not_grow)
{
	int fd = open_direct();

	assert_int_equal(direct_patch(fd, "changed", 8, 16380), 0);
	assert_int_equal(direct_patch(fd, "changed", 8, SIZE - 8), 0);
	close(fd);
	scratch_holds("x", data, SIZE);
}

TEST(nothing_of_it_is_cached)
{
	int fd;

	need_disk();
	fd = open_direct();
	uncache("x");
	assert_int_equal(direct_patch(fd, "changed", 8, 4092), 1);
	assert_int_equal(cached("x"), 0);
	close(fd);
}

TEST(too_many_bytes_are_not_written)
{
	uint8_t *many = calloc(1, DIRECT_BUFFER);
	int fd = open_direct();

	assert_int_equal(ftruncate(fd, 3 * DIRECT_BUFFER), 0);
	assert_int_equal(direct_patch(fd, many, DIRECT_BUFFER, 100), 0);
	close(fd);
	free(many);
}

static int fill_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + i / 251;
	return 0;
}

TEST(touched_pages_stay_in_the_cache)
{
	uint8_t bytes[SIZE];

	memcpy(bytes, data, SIZE);
	direct_touch(bytes + 1, SIZE - 2);
	direct_touch(bytes, 0);
	assert_memory_equal(bytes, data, SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(bytes_are_changed_and_those_around_them_are_not),
		scratch_test(a_file_does_not_grow),
		scratch_test(nothing_of_it_is_cached),
		scratch_test(too_many_bytes_are_not_written),
		cmocka_unit_test(touched_pages_stay_in_the_cache),
	};

	return cmocka_run_group_tests(tests, fill_data, NULL);
}
