/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An input whose data lies in ranges of another one, with holes in between, as
 * that of a file in an archive does.
 */
#ifndef IO_INPUT_RANGES_H
#define IO_INPUT_RANGES_H

#include "io/input.h"

/* Data at offset, whose bytes the other input has at at. */
struct input_range {
	uint64_t offset, length;
	uint64_t at;
};

/* In order, without an overlap. */
struct input_ranges {
	struct input_range *list;
	size_t count;
	uint64_t size; /* of all, with the holes */
};

/* All zero is fine, and is what it becomes. */
void input_ranges_free(struct input_ranges *ranges);

/* Bytes of data. */
uint64_t input_ranges_stored(const struct input_ranges *ranges);

/* The data lies range after range from start on. */
void input_ranges_place(struct input_ranges *ranges, uint64_t start);

/* The extent from offset on, which is less than their size. */
void input_ranges_extent(const struct input_ranges *ranges, uint64_t offset,
			 struct extent *extent);

/*
 * Takes over the ranges, which become empty.  below is seekable; it stays the
 * caller's and outlives the input.
 */
int input_open_ranges(struct input **in, struct input_ranges *ranges,
		      struct input *below, struct savetool_error *err);

#endif
