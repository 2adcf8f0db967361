/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the tail share. */
#ifndef FORMAT_TAIL_INTERNAL_H
#define FORMAT_TAIL_INTERNAL_H

#include "format/tail.h"

/* What precedes a vmdesc: EOF byte, 06, and its 32-bit length. */
#define VMDESC_HEAD 6

/* NULL: out of memory. */
struct tail *tail_new(uint64_t offset, enum footers footers,
		      struct savetool_error *err);

void tail_drop_devices(struct tail *tail);

/* Starts a walk over its bytes as far as end.  reader_release() ends it. */
void tail_start(const struct tail *tail, struct reader *reader, uint64_t end);

/*
 * Finds out what its bytes, from the first device to the end of the input,
 * consist of, and cuts off what follows the image.  rest is how much follows
 * them, or SAVETOOL_UNKNOWN.
 */
int tail_parse(struct tail *tail, uint64_t rest, struct savetool_error *err);

/*
 * A vmdesc, and where in the input the EOF byte before it is.  All zeros at
 * first.
 */
struct found_vmdesc {
	struct vmdesc *vmdesc;
	uint64_t eof;
	size_t json_size;
	uint64_t wasted; /* bytes that were parsed and were not one */
};

/*
 * Finds the next vmdesc from the reader's position on, and leaves the reader
 * after its EOF byte.  1, 0: none, or too many bytes that only looked like one,
 * or -1.
 */
int tail_next_vmdesc(struct found_vmdesc *found, struct reader *reader,
		     struct savetool_error *err);

/*
 * Goes to a known EOF byte by the lengths in the vmdesc or, if they are wrong,
 * by footers.
 */
int tail_walk_to(struct tail *tail, uint64_t eof, struct savetool_error *err);

/* Gives the tail this vmdesc, which is then its own. */
void tail_set_vmdesc(struct tail *tail, const struct found_vmdesc *found);

/* Cuts off what follows the image; rest is what follows that. */
void tail_cut_trailing(struct tail *tail, uint64_t rest);

/*
 * Go from the reader's position to the EOF byte, by the lengths in the vmdesc
 * or by looking for footers, and add the devices.  more: anything may follow
 * that byte.
 */
int tail_walk_described(struct tail *tail, struct reader *reader,
			struct savetool_error *err);
int tail_walk_footers(struct tail *tail, struct reader *reader, bool more,
		      struct savetool_error *err);

#endif
