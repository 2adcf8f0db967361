/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file has data, and where holes. */
#include "config.h"

#include "io/extents.h"

#include <stdlib.h>

/* One megabyte of memory. */
#define EXTENTS_MOST ((size_t)1 << 17)
#define EXTENTS_LEAST 64

void extents_free(struct extents *extents)
{
	free(extents->ends);
	*extents = (struct extents){ 0 };
}

uint64_t extents_end(const struct extents *extents)
{
	return extents->count ? extents->ends[extents->count - 1] : 0;
}

static bool is_hole(const struct extents *extents, size_t number)
{
	return extents->starts_with_hole == (number % 2 == 0);
}

bool extents_end_with_hole(const struct extents *extents)
{
	return extents->count > 0 && is_hole(extents, extents->count - 1);
}

bool extents_find(const struct extents *extents, uint64_t offset,
		  struct extent *extent)
{
	size_t first = 0, after = extents->count;

	if (offset >= extents_end(extents))
		return false;
	/* Finds the first one that ends after offset. */
	while (first < after) {
		size_t middle = first + (after - first) / 2;

		if (extents->ends[middle] > offset)
			after = middle;
		else
			first = middle + 1;
	}
	*extent = (struct extent){
		.offset = offset,
		.length = extents->ends[first] - offset,
		.hole = is_hole(extents, first),
	};
	return true;
}

static void make_space(struct extents *extents)
{
	size_t space = extents->space ? 2 * extents->space : EXTENTS_LEAST;
	uint64_t *ends = NULL;

	if (extents->count < extents->space)
		return;
	if (space <= EXTENTS_MOST)
		ends = realloc(extents->ends, space * sizeof(*ends));
	extents->full = !ends;
	if (extents->full)
		return;
	extents->ends = ends;
	extents->space = space;
}

void extents_add(struct extents *extents, const struct extent *extent)
{
	uint64_t end = extent->offset + extent->length;

	/*
	 * A hole may become data between two questions: on XFS, space that was
	 * never written does when it gets into the page cache.
	 */
	if (extents->count > 0 &&
	    is_hole(extents, extents->count - 1) == extent->hole) {
		extents->ends[extents->count - 1] = end;
		return;
	}
	make_space(extents);
	if (extents->full)
		return;
	if (extents->count == 0)
		extents->starts_with_hole = extent->hole;
	extents->ends[extents->count++] = end;
}
