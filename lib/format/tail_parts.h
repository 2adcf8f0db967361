/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the tail share among themselves. */
#ifndef FORMAT_TAIL_PARTS_H
#define FORMAT_TAIL_PARTS_H

#include "format/tail.h"

/* What stands before a vmdescription: 00, 06, and its 32-bit length. */
#define VMDESC_HEAD 6

/* NULL: no memory. */
struct tail *tail_new(uint64_t offset, enum footers footers,
		      struct st_error *err);

void tail_drop_devices(struct tail *tail);

/*
 * Finds out what its bytes, from the first device to the end of the input,
 * consist of, and cuts off what is behind the image.  rest is how much
 * follows them; ST_UNKNOWN if nobody knows.
 */
int tail_understand(struct tail *tail, uint64_t rest, struct st_error *err);

/*
 * The next that looks like a vmdescription at or behind from: where the EOF
 * byte before it is, or size.  Its length leads to a closing brace.
 */
size_t tail_find_vmdesc(const uint8_t *data, size_t size, size_t from);

/*
 * Walks from the reader to the EOF byte, by the lengths of the vmdescription,
 * or by looking for footers; adds the devices.  more: what follows that byte
 * may be anything.
 */
int tail_walk_described(struct tail *tail, struct reader *reader,
			struct st_error *err);
int tail_walk_footers(struct tail *tail, struct reader *reader, bool more,
		      struct st_error *err);

#endif
