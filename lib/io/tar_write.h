/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tar archive with one sparse member. */
#ifndef IO_TAR_WRITE_H
#define IO_TAR_WRITE_H

#include "io/output.h"
#include "io/tar_map.h"

#include <time.h>

struct tar_member {
	const char *name;
	time_t modified;
	uint64_t size;
	const struct tar_map *map;
};

/* What precedes the member's data: its headers, and the map. */
int tar_write_head(struct output *out, const struct tar_member *member,
		   struct savetool_error *err);

/* What follows it. */
int tar_write_end(struct output *out, const struct tar_member *member,
		  struct savetool_error *err);

#endif
