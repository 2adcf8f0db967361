/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tail of a stream: the sections that devices were saved in, the mark of
 * the end, the vmdescription, and what lies behind an image.  It is held in
 * memory as a whole, for only its end tells what it consists of.
 */
#ifndef FORMAT_TAIL_H
#define FORMAT_TAIL_H

#include "format/stream.h"

/* More device state than this is refused: memory is bounded. */
#define TAIL_LIMIT (UINT64_C(32) << 20)

struct tail {
	uint64_t offset; /* of its first byte, in the input */
	uint8_t *data;
	size_t size;       /* up to the end of the image */
	size_t held;       /* of data: what is behind that included */
	size_t state_size; /* of the sections and the EOF byte */
	const char *json;  /* the vmdescription, in data; NULL: none */
	size_t json_size;
	struct vmdesc *vmdesc; /* the same, understood; NULL: none */
	bool vmdesc_cut;       /* the input ends within it: it is left out */

	/*
	 * The devices.  Without a vmdescription, their ends are looked for by
	 * their footers, which is good for showing; without those either,
	 * there are none here, and behind the image nothing can be told from
	 * it.
	 */
	unsigned device_count;
	struct st_device *devices; /* names belong to the tail */
	uint64_t trailing;         /* bytes behind the image; ST_UNKNOWN */
	enum footers footers;
};

/*
 * Nothing tells where its devices end: a byte that could be the mark of the
 * end is no proof that nothing was cut off behind it.
 */
static inline bool tail_is_opaque(const struct tail *tail)
{
	return !tail->vmdesc && tail->footers == FOOTERS_NONE &&
	       tail->state_size > 1;
}

/* Behind the last byte of the image's stream. */
static inline uint64_t tail_end(const struct tail *tail)
{
	return tail->offset + tail->size;
}

/* Reads on to the end of the input, from where the walk left off. */
int tail_read(struct tail **tail, struct stream *stream, struct st_error *err);

/*
 * Finds the tail of a stream in a seekable input from its end, without what
 * is between.  1, or 0 when there is no vmdescription to be found in the
 * last TAIL_LIMIT bytes, or it does not fit what is before it.
 */
int tail_find(struct tail **tail, struct input *in, uint64_t stream_offset,
	      struct st_error *err);

/*
 * Of a tail so found: may it be that of another image, older and longer, that
 * this one was written over?  On a block device it may; in a file if another
 * image ends not far before it.
 */
int tail_is_doubtful(bool *doubtful, const struct tail *tail, struct input *in,
		     uint64_t stream_offset, struct st_error *err);

/*
 * Appends the tail: the same bytes, but for what the vmdescription says of
 * the capability mapped-ram.
 */
int tail_write(const struct tail *tail, struct output *out, bool mapped,
	       struct st_error *err);

/* NULL is fine. */
void tail_free(struct tail *tail);

static inline void cleanup_tail_(struct tail **tail)
{
	tail_free(*tail);
}
#define cleanup_tail __attribute__((cleanup(cleanup_tail_)))

#endif
