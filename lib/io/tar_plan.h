/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sparse file will have in it, known before it is written: where it has
 * data, and the bytes that are written late, after others that follow them.
 * With that, it can be written into an archive straight on.
 */
#ifndef IO_TAR_PLAN_H
#define IO_TAR_PLAN_H

#include "io/tar_map.h"

/* Bytes that are written late, all of them together at most so many. */
#define TAR_PLAN_LATE_MOST ((size_t)32 << 20)

struct late {
	uint64_t offset;
	size_t size;
	uint8_t *bytes;
};

struct tar_plan {
	struct tar_map map;
	uint64_t size;
	uint64_t end;      /* of what was written so far */
	struct late *late; /* in order, once the plan is complete */
	size_t late_count, late_space, late_bytes;
};

int tar_plan_init(struct tar_plan *plan, struct savetool_error *err);
void tar_plan_free(struct tar_plan *plan);

/*
 * Notes a write.  1; 0 if so much is written late that a temporary file is
 * better.
 */
int tar_plan_write(struct tar_plan *plan, const uint8_t *data, size_t size,
		   uint64_t offset, struct savetool_error *err);

/*
 * The file is complete, and has this size.  1; 0 if something was written late
 * more than once.
 */
int tar_plan_complete(struct tar_plan *plan, uint64_t size,
		      struct savetool_error *err);

/* Is there anything late within these bytes? */
bool tar_plan_is_late(const struct tar_plan *plan, uint64_t offset,
		      size_t size);

/* Puts what is late over these bytes. */
void tar_plan_overlay(const struct tar_plan *plan, uint8_t *data, size_t size,
		      uint64_t offset);

static inline void cleanup_tar_plan_(struct tar_plan *plan)
{
	tar_plan_free(plan);
}
#define cleanup_tar_plan __attribute__((cleanup(cleanup_tar_plan_)))

#endif
