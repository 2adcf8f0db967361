/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file has data, in a limited number of ranges. */
#ifndef IO_TAR_MAP_H
#define IO_TAR_MAP_H

#include "io/input.h"

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
