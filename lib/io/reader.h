/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cursor that moves forwards over an input, and shows the next bytes without
 * copying them.  They lie in a chunk, which a caller that wants to keep them
 * can share.
 */
#ifndef IO_READER_H
#define IO_READER_H

#include "io/chunk.h"
#include "io/input.h"
#include "io/output.h"

struct reader {
	struct input *in; /* NULL: memory only */
	struct chunk_pool *pool;
	struct chunk *chunk; /* next and end point into it */
	const uint8_t *next; /* the byte at offset */
	const uint8_t *end;  /* after the last byte that was read */
	uint64_t offset;     /* in the input */
	uint64_t limit;      /* do not read past it; or SAVETOOL_UNKNOWN */
	size_t ahead;        /* how much is read at once */
	bool ended;          /* nothing follows what was read */

	/*
	 * If set, every consumed byte also goes there: so sections that are not
	 * understood are copied by skipping them.
	 */
	struct output *copy_to;
};

/* Both stay the caller's. */
void reader_init(struct reader *reader, struct input *in,
		 struct chunk_pool *pool, uint64_t offset);

/* Reads bytes in memory, the first of which is at offset in some file. */
void reader_init_memory(struct reader *reader, const void *data, size_t size,
			uint64_t offset);

/* Releases the chunk. */
void reader_release(struct reader *reader);

/*
 * Makes size bytes, at most CHUNK_HEADROOM, visible at reader->next.
 * SAVETOOL_INCOMPLETE if the input ends before.
 */
int reader_need(struct reader *reader, size_t size, struct savetool_error *err);

/*
 * Makes up to size bytes, at most CHUNK_HEADROOM, visible.  *got is how many
 * there are: fewer only at the end of the input.
 */
int reader_look(struct reader *reader, size_t size, size_t *got,
		struct savetool_error *err);

/*
 * The same for bytes that may be no part of the image: if they lie in a
 * compressed member, not the first one, that fails, that is left to whoever
 * needs them.
 */
int reader_peek(struct reader *reader, size_t size, size_t *got,
		struct savetool_error *err);

/* How many bytes are visible without reading. */
static inline size_t reader_visible(const struct reader *reader)
{
	return reader->end - reader->next;
}

/* Skips visible bytes. */
int reader_consume(struct reader *reader, size_t size,
		   struct savetool_error *err);

/*
 * Skips any number of bytes.  SAVETOOL_INCOMPLETE if the input ends before.
 * Without copy_to, a seekable input is not read.
 */
int reader_skip(struct reader *reader, uint64_t size,
		struct savetool_error *err);

/*
 * Moves forwards to this offset, and reads what is in between: if the input
 * ends there, the place is the right one.
 */
int reader_go(struct reader *reader, uint64_t offset,
	      struct savetool_error *err);

/* Consumes and copies any number of bytes. */
int reader_bytes(struct reader *reader, void *data, size_t size,
		 struct savetool_error *err);

/* Consume one integer. */
int reader_u8(struct reader *reader, uint8_t *value,
	      struct savetool_error *err);
int reader_be16(struct reader *reader, uint16_t *value,
		struct savetool_error *err);
int reader_be32(struct reader *reader, uint32_t *value,
		struct savetool_error *err);
int reader_be64(struct reader *reader, uint64_t *value,
		struct savetool_error *err);

/*
 * Consumes a length byte and so many bytes of text, and adds a NUL.
 * SAVETOOL_CORRUPT if there is a NUL in the text: QEMU's names have none.
 */
#define STR8_SIZE 256
int reader_str8(struct reader *reader, char text[STR8_SIZE],
		struct savetool_error *err);

#endif
