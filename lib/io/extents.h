/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extents of a file from its start on, as far as they are known yet.
 * Looking them up takes time: tmpfs looks at every page in between.
 */
#ifndef IO_EXTENTS_H
#define IO_EXTENTS_H

#include "io/input.h"

/* Data and holes take turns, so their ends describe them all. */
struct extents {
	size_t count, space;
	uint64_t *ends;
	bool starts_with_hole;
	bool full; /* no more are kept */
};

/* Frees the memory. */
void extents_free(struct extents *extents);

/* The end of what is known, 0 at first. */
uint64_t extents_end(const struct extents *extents);

/* Is the last extent a hole? */
bool extents_end_with_hole(const struct extents *extents);

/* The part from offset on of the extent that it lies in.  false: not known. */
bool extents_find(const struct extents *extents, uint64_t offset,
		  struct extent *extent);

/*
 * Adds the next extent; one of the same kind as the last makes that one longer.
 * Ignored if full.
 */
void extents_add(struct extents *extents, const struct extent *extent);

#endif
