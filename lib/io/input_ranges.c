/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of another input as one. */
#include "config.h"

#include "io/input_ranges.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct ranges_input {
	struct input base;
	struct input *below;
	struct input_ranges ranges;
};

void input_ranges_free(struct input_ranges *ranges)
{
	free(ranges->list);
	*ranges = (struct input_ranges){ 0 };
}

uint64_t input_ranges_stored(const struct input_ranges *ranges)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ranges->count; i++)
		sum += ranges->list[i].length;
	return sum;
}

void input_ranges_place(struct input_ranges *ranges, uint64_t start)
{
	for (size_t i = 0; i < ranges->count; i++) {
		ranges->list[i].at = start;
		start += ranges->list[i].length;
	}
}

/* The first one that ends after offset; NULL: there is none. */
static const struct input_range *find(const struct input_ranges *ranges,
				      uint64_t offset)
{
	size_t first = 0, after = ranges->count;

	while (first < after) {
		size_t middle = first + (after - first) / 2;
		const struct input_range *range = &ranges->list[middle];

		if (range->offset + range->length > offset)
			after = middle;
		else
			first = middle + 1;
	}
	return first < ranges->count ? &ranges->list[first] : NULL;
}

void input_ranges_extent(const struct input_ranges *ranges, uint64_t offset,
			 struct extent *extent)
{
	const struct input_range *range = find(ranges, offset);
	uint64_t end = ranges->size;

	*extent = (struct extent){ .offset = offset, .hole = true };
	if (range) {
		extent->hole = range->offset > offset;
		end = extent->hole ? range->offset :
				     range->offset + range->length;
	}
	extent->length = end - offset;
}

static ssize_t ranges_read_at(struct input *base, void *data, size_t size,
			      uint64_t offset, struct savetool_error *err)
{
	struct ranges_input *in = (struct ranges_input *)base;
	const struct input_range *range = find(&in->ranges, offset);
	struct extent extent;
	size_t got;

	if (offset >= base->size)
		return 0;
	input_ranges_extent(&in->ranges, offset, &extent);
	if (size > extent.length)
		size = extent.length;
	if (!extent.hole) {
		if (input_read_at(in->below, data, size,
				  range->at + (offset - range->offset), &got,
				  err) < 0)
			return -1;
		return (ssize_t)got;
	}
	memset(data, 0, size);
	return (ssize_t)size;
}

/* Data may lie over a hole of the other input. */
static int ranges_extent(struct input *base, uint64_t offset,
			 struct extent *extent, struct savetool_error *err)
{
	struct ranges_input *in = (struct ranges_input *)base;
	const struct input_range *range = find(&in->ranges, offset);
	struct extent below;

	input_ranges_extent(&in->ranges, offset, extent);
	if (extent->hole)
		return 0;
	if (input_extent(in->below, range->at + (offset - range->offset),
			 &below, err) < 0)
		return -1;
	extent->hole = below.hole;
	if (below.length > 0 && below.length < extent->length)
		extent->length = below.length;
	return 0;
}

static void ranges_close(struct input *base)
{
	struct ranges_input *in = (struct ranges_input *)base;

	input_ranges_free(&in->ranges);
	free(in);
}

static const struct input_ops ranges_ops = {
	.read_at = ranges_read_at,
	.extent = ranges_extent,
	.close = ranges_close,
};

int input_open_ranges(struct input **result, struct input_ranges *ranges,
		      struct input *below, struct savetool_error *err)
{
	struct ranges_input *in = calloc(1, sizeof(*in));

	if (!in)
		return fail_memory(err);
	in->base.ops = &ranges_ops;
	in->base.size = ranges->size;
	in->base.seekable = true;
	in->below = below;
	in->ranges = *ranges;
	*ranges = (struct input_ranges){ 0 };
	*result = &in->base;
	return 0;
}
