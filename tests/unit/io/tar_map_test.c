/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of data, and what becomes of them when there are too many. */
#include "config.h"

#include "io/tar_map.h"

#include "unit/check.h"

#define MOST 4

static void has(const struct tar_map *map, size_t index, uint64_t offset,
		uint64_t length)
{
	assert_true(index < map->count);
	assert_int_equal(map->ranges[index].offset, offset);
	assert_int_equal(map->ranges[index].length, length);
}

TEST(ranges_that_touch_become_one)
{
	cleanup_tar_map struct tar_map map;
	struct savetool_error err;

	assert_ok(tar_map_init(&map, MOST, &err), err);
	tar_map_add(&map, 0, 4096);
	tar_map_add(&map, 4096, 4096);
	tar_map_add(&map, 16384, 0);
	tar_map_add(&map, 65536, 4096);
	assert_int_equal(map.count, 2);
	has(&map, 0, 0, 8192);
	has(&map, 1, 65536, 4096);
	assert_int_equal(tar_map_data(&map), 12288);
}

TEST(the_shortest_holes_are_filled_first)
{
	cleanup_tar_map struct tar_map map;
	struct savetool_error err;

	assert_ok(tar_map_init(&map, MOST, &err), err);
	tar_map_add(&map, 0, 4096);
	tar_map_add(&map, 8192, 4096);
	tar_map_add(&map, 1 << 20, 4096);
	tar_map_add(&map, 2 << 20, 4096);
	assert_int_equal(map.count, MOST);
	tar_map_add(&map, 3 << 20, 4096);
	assert_int_equal(map.count, MOST);
	has(&map, 0, 0, 12288);
	has(&map, 1, 1 << 20, 4096);
	has(&map, 3, 3 << 20, 4096);
}

TEST(any_number_of_ranges_fits)
{
	cleanup_tar_map struct tar_map map;
	struct savetool_error err;

	assert_ok(tar_map_init(&map, MOST, &err), err);
	for (uint64_t i = 0; i < 100000; i++)
		tar_map_add(&map, i * 8192, 4096);
	assert_true(map.count <= MOST);
	has(&map, 0, 0, map.ranges[0].length);
	assert_int_equal(map.ranges[map.count - 1].offset +
				 map.ranges[map.count - 1].length,
			 UINT64_C(99999) * 8192 + 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_that_touch_become_one),
		cmocka_unit_test(the_shortest_holes_are_filled_first),
		cmocka_unit_test(any_number_of_ranges_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
