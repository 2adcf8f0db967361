/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learns from one run what the next one will write. */
#include "config.h"

#include "io/tar_plan.h"

#include "base/bytes.h"
#include "base/error.h"
#include "io/output_tar.h"

#include <stdlib.h>
#include <string.h>

/* Ranges of data begin and end with a block, as those of a file system do. */
#define BLOCK UINT64_C(4096)

/* As many pieces are written late at most: it may be one page in each. */
#define LATE_COUNT_MOST ((size_t)1 << 16)
#define LATE_FIRST 16

int tar_plan_init(struct tar_plan *plan, struct savetool_error *err)
{
	*plan = (struct tar_plan){ .size = 0 };
	return tar_map_init(&plan->map, OUTPUT_TAR_RANGES, err);
}

void tar_plan_free(struct tar_plan *plan)
{
	for (size_t i = 0; i < plan->late_count; i++)
		free(plan->late[i].bytes);
	free(plan->late);
	tar_map_free(&plan->map);
	*plan = (struct tar_plan){ .size = 0 };
}

static uint64_t map_end(const struct tar_map *map)
{
	const struct tar_range *last =
		map->count > 0 ? &map->ranges[map->count - 1] : NULL;

	return last ? last->offset + last->length : 0;
}

/* Whole blocks; those that the last range has already are left out. */
static void add_data(struct tar_map *map, uint64_t from, uint64_t to)
{
	from -= from % BLOCK;
	to = round_up(to, BLOCK);
	if (from < map_end(map))
		from = map_end(map);
	if (from < to)
		tar_map_add(map, from, to - from);
}

static bool is_mapped(const struct tar_map *map, uint64_t offset, size_t size)
{
	size_t first = 0, after = map->count;

	/* Finds the first range that ends after offset. */
	while (first < after) {
		size_t middle = first + (after - first) / 2;
		const struct tar_range *range = &map->ranges[middle];

		if (range->offset + range->length > offset)
			after = middle;
		else
			first = middle + 1;
	}
	return first < map->count && map->ranges[first].offset < offset + size;
}

static struct late *add_late(struct tar_plan *plan)
{
	size_t space = plan->late_space ? 2 * plan->late_space : LATE_FIRST;
	struct late *list;

	if (plan->late_count == plan->late_space) {
		list = reallocarray(plan->late, space, sizeof(*list));
		if (!list)
			return NULL;
		plan->late = list;
		plan->late_space = space;
	}
	return &plan->late[plan->late_count];
}

static int keep_late(struct tar_plan *plan, const uint8_t *data, size_t size,
		     uint64_t offset, struct savetool_error *err)
{
	struct late *late;

	/* Zeros of a bitmap, for which nothing has to be there. */
	if (tar_unit_is_empty(data, offset, size) &&
	    !is_mapped(&plan->map, offset, size))
		return 1;
	if (plan->late_count == LATE_COUNT_MOST ||
	    size > TAR_PLAN_LATE_MOST - plan->late_bytes)
		return 0;
	late = add_late(plan);
	if (!late)
		return fail_memory(err);
	*late = (struct late){ offset, size, malloc(size) };
	if (!late->bytes)
		return fail_memory(err);
	memcpy(late->bytes, data, size);
	plan->late_count++;
	plan->late_bytes += size;
	return 1;
}

int tar_plan_write(struct tar_plan *plan, const uint8_t *data, size_t size,
		   uint64_t offset, struct savetool_error *err)
{
	while (size > 0) {
		size_t part = tar_unit(offset, size);
		int kept = 1;

		if (offset < plan->end && part > plan->end - offset)
			part = plan->end - offset;
		if (offset < plan->end)
			kept = keep_late(plan, data, part, offset, err);
		else if (!tar_unit_is_empty(data, offset, size))
			add_data(&plan->map, offset, offset + part);
		if (kept <= 0)
			return kept;
		data += part;
		size -= part;
		offset += part;
		if (offset > plan->end)
			plan->end = offset;
	}
	return 1;
}

static int compare(const void *a, const void *b)
{
	const struct late *one = a, *other = b;

	return (one->offset > other->offset) - (one->offset < other->offset);
}

static bool overlap(const struct tar_plan *plan)
{
	for (size_t i = 1; i < plan->late_count; i++)
		if (plan->late[i - 1].offset + plan->late[i - 1].size >
		    plan->late[i].offset)
			return true;
	return false;
}

/* Both are in order. */
static void merge(struct tar_map *map, const struct tar_plan *plan)
{
	const struct tar_map *old = &plan->map;
	size_t i = 0, j = 0;

	while (i < old->count || j < plan->late_count) {
		const struct tar_range *range =
			i < old->count ? &old->ranges[i] : NULL;
		const struct late *late =
			j < plan->late_count ? &plan->late[j] : NULL;

		if (!late || (range && range->offset <= late->offset)) {
			add_data(map, range->offset,
				 range->offset + range->length);
			i++;
		} else {
			add_data(map, late->offset, late->offset + late->size);
			j++;
		}
	}
}

/* The last block may end after the file. */
static void cut(struct tar_map *map, uint64_t size)
{
	struct tar_range *last;

	while (map->count > 0) {
		last = &map->ranges[map->count - 1];
		if (last->offset < size) {
			if (last->length > size - last->offset)
				last->length = size - last->offset;
			return;
		}
		map->count--;
	}
}

int tar_plan_complete(struct tar_plan *plan, uint64_t size,
		      struct savetool_error *err)
{
	struct tar_map map;

	if (plan->late_count > 0)
		qsort(plan->late, plan->late_count, sizeof(*plan->late),
		      compare);
	if (overlap(plan))
		return 0;
	if (tar_map_init(&map, OUTPUT_TAR_RANGES, err) < 0)
		return -1;
	merge(&map, plan);
	cut(&map, size);
	tar_map_free(&plan->map);
	plan->map = map;
	plan->size = size;
	return 1;
}

/* The first one that ends after offset. */
static size_t find_late(const struct tar_plan *plan, uint64_t offset)
{
	size_t first = 0, after = plan->late_count;

	while (first < after) {
		size_t middle = first + (after - first) / 2;
		const struct late *late = &plan->late[middle];

		if (late->offset + late->size > offset)
			after = middle;
		else
			first = middle + 1;
	}
	return first;
}

bool tar_plan_is_late(const struct tar_plan *plan, uint64_t offset, size_t size)
{
	size_t first = find_late(plan, offset);

	return first < plan->late_count &&
	       plan->late[first].offset < offset + size;
}

void tar_plan_overlay(const struct tar_plan *plan, uint8_t *data, size_t size,
		      uint64_t offset)
{
	for (size_t i = find_late(plan, offset);
	     i < plan->late_count && plan->late[i].offset < offset + size;
	     i++) {
		const struct late *late = &plan->late[i];
		uint64_t from = late->offset > offset ? late->offset : offset;
		uint64_t to = late->offset + late->size;

		if (to > offset + size)
			to = offset + size;
		memcpy(data + (from - offset),
		       late->bytes + (from - late->offset), to - from);
	}
}
