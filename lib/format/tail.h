/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tail of a stream: the sections that devices were saved in, the mark of
 * the end, the vmdescription, and what lies behind an image.  Only its end
 * tells what it consists of, and it can be long: so it stays in its file, and
 * what came through a pipe or a codec is put into one.
 */
#ifndef FORMAT_TAIL_H
#define FORMAT_TAIL_H

#include "format/stream.h"

/* What it consists of is looked for within so many bytes; more is refused. */
#define TAIL_LIMIT (UINT64_C(1) << 30)

struct tail {
	struct input *in;        /* has its bytes, at the offsets they have */
	struct input *kept;      /* the same, where it is the tail's own */
	uint8_t *data;           /* what that reads; NULL: a file */
	struct chunk_pool *pool; /* the image's, to read by */
	uint64_t offset;         /* of its first byte */
	uint64_t size;           /* up to the end of the image */
	uint64_t state_size;     /* of the sections and the EOF byte */
	size_t json_size;        /* of the vmdescription; 0: none */
	struct vmdesc *vmdesc;   /* the same, understood; NULL: none */
	bool vmdesc_cut;         /* the input ends within it: it is left out */

	/*
	 * The devices.  Without a vmdescription, their ends are looked for by
	 * their footers, which is good for showing; without those either,
	 * there are none here, and behind the image nothing can be told from
	 * it.
	 */
	unsigned device_count;
	struct savetool_device *devices; /* names belong to the tail */
	uint64_t trailing; /* bytes behind the image; SAVETOOL_UNKNOWN */
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

/*
 * From where the walk left off, to the end of the input, which the walk is
 * done with.  An input that is seekable has to stay as long as the tail does;
 * one that is not is kept, in a file without a name in folder if it is much.
 */
int tail_read(struct tail **tail, struct stream *stream, const char *folder,
	      struct savetool_error *err);

/*
 * Finds the tail of a stream in a seekable input, which has to stay, from its
 * end, without what is between.  1, or 0 when there is no vmdescription near
 * the end, or it does not fit what is before it.
 */
int tail_find(struct tail **tail, struct input *in, struct chunk_pool *pool,
	      uint64_t stream_offset, struct savetool_error *err);

/*
 * Of a tail so found: may it be that of another image, older and longer, that
 * this one was written over?  On a block device it may; in a file if another
 * image ends not far before it.
 */
int tail_is_doubtful(bool *doubtful, const struct tail *tail,
		     uint64_t stream_offset, struct savetool_error *err);

/* Appends so many of its bytes, as they are, from this one of them on. */
int tail_copy(const struct tail *tail, uint64_t start, uint64_t size,
	      struct output *out, struct savetool_error *err);

/*
 * Appends the tail: the same bytes, but for what the vmdescription says of
 * the capability mapped-ram.
 */
int tail_write(const struct tail *tail, struct output *out, bool mapped,
	       struct savetool_error *err);

/* What is read so that nobody notices; behind an image may be any number. */
#define TAIL_NEAR (UINT64_C(32) << 20)

/*
 * The first byte that is not zero at offset or behind it; SAVETOOL_UNKNOWN:
 * there is none in as many bytes of storage.  Holes are passed over.
 */
int tail_find_content(uint64_t *found, const struct tail *tail, uint64_t offset,
		      uint64_t most, struct savetool_error *err);

/* NULL is fine. */
void tail_free(struct tail *tail);

static inline void cleanup_tail_(struct tail **tail)
{
	tail_free(*tail);
}
#define cleanup_tail __attribute__((cleanup(cleanup_tail_)))

#endif
