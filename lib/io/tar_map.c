/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of data, of which neighbours become one when there are too many. */
#include "config.h"

#include "io/tar_map.h"

#include "base/error.h"
#include "base/zero.h"

#include <stdlib.h>

/* No file system has smaller holes. */
#define GAP_LEAST 512

size_t tar_unit(uint64_t offset, size_t left)
{
	size_t size = TAR_UNIT - offset % TAR_UNIT;

	return size < left ? size : left;
}

bool tar_unit_is_empty(const uint8_t *data, uint64_t offset, size_t left)
{
	return tar_unit(offset, left) == TAR_UNIT && is_zero(data, TAR_UNIT);
}

int tar_map_init(struct tar_map *map, size_t most, struct savetool_error *err)
{
	*map = (struct tar_map){ .most = most, .gap = GAP_LEAST };
	map->ranges = calloc(most, sizeof(*map->ranges));
	return map->ranges ? 0 : fail_memory(err);
}

void tar_map_free(struct tar_map *map)
{
	free(map->ranges);
	map->ranges = NULL;
}

/* Is it close enough to the last of so many ranges?  Then it extends that. */
static bool extend(struct tar_map *map, size_t count,
		   const struct tar_range *range)
{
	struct tar_range *last = count > 0 ? &map->ranges[count - 1] : NULL;
	uint64_t end = last ? last->offset + last->length : 0;

	if (!last || range->offset - end >= map->gap)
		return false;
	last->length = range->offset + range->length - last->offset;
	return true;
}

/* Doubling the gap ends: at last, one range is left. */
static void make_space(struct tar_map *map)
{
	while (map->count == map->most) {
		size_t count = 0;

		map->gap *= 2;
		for (size_t i = 0; i < map->count; i++) {
			const struct tar_range range = map->ranges[i];

			if (!extend(map, count, &range))
				map->ranges[count++] = range;
		}
		map->count = count;
	}
}

void tar_map_add(struct tar_map *map, uint64_t offset, uint64_t length)
{
	const struct tar_range range = { offset, length };

	if (length == 0 || extend(map, map->count, &range))
		return;
	make_space(map);
	if (!extend(map, map->count, &range))
		map->ranges[map->count++] = range;
}

uint64_t tar_map_data(const struct tar_map *map)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < map->count; i++)
		sum += map->ranges[i].length;
	return sum;
}
