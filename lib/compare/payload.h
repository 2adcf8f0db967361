/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payload of a section, compared with that of another image. */
#ifndef COMPARE_PAYLOAD_H
#define COMPARE_PAYLOAD_H

#include "compare/comparison.h"
#include "format/fields.h"

/* The payload of one section, in an image or in memory. */
struct payload {
	const struct fields *fields;
	struct input *in;
	uint64_t offset, length;
};

/*
 * Finds the first byte, from start on, that differs in the first length bytes
 * after first_at and second_at.  *found is length if none does.
 */
int payload_find_difference(uint64_t *found, const struct payload *first,
			    uint64_t first_at, const struct payload *second,
			    uint64_t second_at, uint64_t start, uint64_t length,
			    struct savetool_error *err);

#endif
