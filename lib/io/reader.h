/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cursor that moves forwards over an input, and shows what comes next
 * without copying it.  What it shows lies in a chunk, which whoever wants to
 * keep the bytes can share.
 */
#ifndef IO_READER_H
#define IO_READER_H

#include "io/chunk.h"
#include "io/input.h"
#include "io/output.h"

struct reader {
	struct input *in; /* NULL: over memory only */
	struct chunk_pool *pool;
	struct chunk *chunk; /* that next and end point into */
	const uint8_t *next; /* the byte at offset */
	const uint8_t *end;  /* behind the last byte that was read */
	uint64_t offset;     /* in the input */
	uint64_t limit; /* the input is read up to there; else SAVETOOL_UNKNOWN
			 */
	size_t ahead;   /* how much is read at once */
	bool ended;     /* nothing comes behind what was read */

	/*
	 * While set, every byte that is consumed also goes there: so what is
	 * not understood is copied by being skipped.
	 */
	struct output *copy_to;
};

/* Both stay the caller's. */
void reader_init(struct reader *reader, struct input *in,
		 struct chunk_pool *pool, uint64_t offset);

/* Over bytes in memory, the first of which is at offset in some file. */
void reader_init_memory(struct reader *reader, const void *data, size_t size,
			uint64_t offset);

/* Lets go of the chunk. */
void reader_release(struct reader *reader);

/*
 * Makes size bytes, at most CHUNK_HEADROOM, visible at reader->next.  If the
 * input ends before them: SAVETOOL_INCOMPLETE.
 */
int reader_need(struct reader *reader, size_t size, struct savetool_error *err);

/*
 * Makes visible up to size bytes, at most CHUNK_HEADROOM, and says in *got
 * how many there are; fewer only at the end of the input.
 */
int reader_look(struct reader *reader, size_t size, size_t *got,
		struct savetool_error *err);

/* How many bytes are visible without reading. */
static inline size_t reader_visible(const struct reader *reader)
{
	return reader->end - reader->next;
}

/* Passes over visible bytes. */
int reader_consume(struct reader *reader, size_t size,
		   struct savetool_error *err);

/*
 * Passes over bytes of any number; if the input ends before them:
 * SAVETOOL_INCOMPLETE.  Without copy_to, a seekable input is not read.
 */
int reader_skip(struct reader *reader, uint64_t size,
		struct savetool_error *err);

/* One integer, consumed. */
int reader_u8(struct reader *reader, uint8_t *value,
	      struct savetool_error *err);
int reader_be16(struct reader *reader, uint16_t *value,
		struct savetool_error *err);
int reader_be32(struct reader *reader, uint32_t *value,
		struct savetool_error *err);
int reader_be64(struct reader *reader, uint64_t *value,
		struct savetool_error *err);

/*
 * A length byte and so many bytes of text, consumed, with a NUL behind.  A
 * NUL within is SAVETOOL_CORRUPT: no name of QEMU's has one.
 */
#define STR8_SIZE 256
int reader_str8(struct reader *reader, char text[STR8_SIZE],
		struct savetool_error *err);

#endif
