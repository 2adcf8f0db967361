/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file has data, in a limited number of ranges. */
#ifndef IO_TAR_MAP_H
#define IO_TAR_MAP_H

#include "io/input.h"

/*
 * Zeros as long as this, in the middle of more, are no pages: those come one by
 * one, and are not larger.  They are bits of a bitmap, which need no storage.
 */
#define TAR_UNIT ((size_t)64 << 10)

/* Up to the next multiple of a unit, or as much as is left. */
size_t tar_unit(uint64_t offset, size_t left);

/* Is that a whole unit, and zero? */
bool tar_unit_is_empty(const uint8_t *data, uint64_t offset, size_t left);

struct tar_range {
	uint64_t offset, length;
};

struct tar_map {
	struct tar_range *ranges;
	size_t count, most;
	uint64_t gap; /* a hole that is shorter counts as data */
};

/* At most so many ranges; all of them are in memory. */
int tar_map_init(struct tar_map *map, size_t most, struct savetool_error *err);
void tar_map_free(struct tar_map *map);

/*
 * Adds data after all that was added before.  If there are too many ranges,
 * the shortest holes between them are filled.
 */
void tar_map_add(struct tar_map *map, uint64_t offset, uint64_t length);

/* Bytes of data. */
uint64_t tar_map_data(const struct tar_map *map);

static inline void cleanup_tar_map_(struct tar_map *map)
{
	tar_map_free(map);
}
#define cleanup_tar_map __attribute__((cleanup(cleanup_tar_map_)))

#endif
