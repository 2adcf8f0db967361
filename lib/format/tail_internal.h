/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the tail share among themselves. */
#ifndef FORMAT_TAIL_INTERNAL_H
#define FORMAT_TAIL_INTERNAL_H

#include "format/tail.h"

/* What stands before a vmdescription: 00, 06, and its 32-bit length. */
#define VMDESC_HEAD 6

/* NULL: no memory. */
struct tail *tail_new(uint64_t offset, enum footers footers,
		      struct savetool_error *err);

void tail_drop_devices(struct tail *tail);

/* To walk over it, as far as end.  Released by reader_release(). */
void tail_start(const struct tail *tail, struct reader *reader, uint64_t end);

/*
 * Finds out what its bytes, from the first device to the end of the input,
 * consist of, and cuts off what is behind the image.  rest is how much
 * follows them; SAVETOOL_UNKNOWN if nobody knows.
 */
int tail_understand(struct tail *tail, uint64_t rest,
		    struct savetool_error *err);

/*
 * A vmdescription, and where in the input the EOF byte before it is.  All
 * zeros to begin with.
 */
struct found_vmdesc {
	struct vmdesc *vmdesc;
	uint64_t eof;
	size_t json_size;
	uint64_t wasted; /* bytes that were parsed and were none */
};

/*
 * The next one at or behind the reader, which is left behind that EOF byte.
 * 1, 0: none, or too much only looked like one; -1.
 */
int tail_next_vmdesc(struct found_vmdesc *found, struct reader *reader,
		     struct savetool_error *err);

/*
 * Walks by the lengths of the vmdescription or, should they be wrong, by
 * footers, to an EOF byte that is known.
 */
int tail_walk_to(struct tail *tail, uint64_t eof, struct savetool_error *err);

/* The tail is one with this vmdescription, which is its own from now on. */
void tail_set_vmdesc(struct tail *tail, const struct found_vmdesc *found);

/* Cuts off what follows the image; rest is what follows that. */
void tail_cut_trailing(struct tail *tail, uint64_t rest);

/*
 * Walks from the reader to the EOF byte, by the lengths of the vmdescription,
 * or by looking for footers; adds the devices.  more: what follows that byte
 * may be anything.
 */
int tail_walk_described(struct tail *tail, struct reader *reader,
			struct savetool_error *err);
int tail_walk_footers(struct tail *tail, struct reader *reader, bool more,
		      struct savetool_error *err);

#endif
