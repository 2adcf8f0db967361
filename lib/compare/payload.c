/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payload of a section, compared with that of another image. */
#include "config.h"

#include "compare/payload.h"

#include <string.h>

#define PIECE ((size_t)32 << 10)

int payload_find_difference(uint64_t *found, const struct payload *first,
			    uint64_t first_at, const struct payload *second,
			    uint64_t second_at, uint64_t start, uint64_t length,
			    struct savetool_error *err)
{
	uint8_t a[PIECE], b[PIECE];

	for (uint64_t at = start; at < length;) {
		size_t size = length - at < PIECE ? length - at : PIECE;

		if (input_read_exactly(first->in, a, size, first_at + at, err) <
			    0 ||
		    input_read_exactly(second->in, b, size, second_at + at,
				       err) < 0)
			return -1;
		for (size_t i = 0; memcmp(a, b, size) != 0 && i < size; i++)
			if (a[i] != b[i]) {
				*found = at + i;
				return 0;
			}
		at += size;
	}
	*found = length;
	return 0;
}
