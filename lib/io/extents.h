/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extents of a file from its start on, as far as they were asked for.  To
 * ask is not free: tmpfs looks at every page of what lies between.
 */
#ifndef IO_EXTENTS_H
#define IO_EXTENTS_H

#include "io/input.h"

/* Data and holes take turns, so where they end is all there is to know. */
struct extents {
	size_t count, space;
	uint64_t *ends;
	bool starts_with_hole;
	bool full; /* there is no room for more */
};

/* Frees what they hold. */
void extents_free(struct extents *extents);

/* Where what is known ends, 0 at first. */
uint64_t extents_end(const struct extents *extents);

/* Is it a hole that ends there? */
bool extents_end_with_hole(const struct extents *extents);

/* From offset to the end of the extent that it lies in.  false: not known. */
bool extents_find(const struct extents *extents, uint64_t offset,
		  struct extent *extent);

/* The next one, of the other kind than the last; left out if they are full. */
void extents_add(struct extents *extents, const struct extent *extent);

#endif
