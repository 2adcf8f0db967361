/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cursor over an input. */
#include "config.h"

#include "io/reader.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/*
 * At the start and after a skip, little may be needed: so little is read, and
 * then twice as much each time.
 */
#define READ_LEAST CHUNK_HEADROOM

/*
 * Reads end at a multiple of this, so that the next one starts there, into
 * memory that is aligned alike: the kernel reads best like that, past its cache
 * or not.
 */
#define READ_GRAIN 4096

static size_t read_least(const struct input *in)
{
	return in->read_least ? in->read_least : READ_LEAST;
}

void reader_init(struct reader *reader, struct input *in,
		 struct chunk_pool *pool, uint64_t offset)
{
	*reader = (struct reader){
		.in = in,
		.pool = pool,
		.offset = offset,
		.limit = SAVETOOL_UNKNOWN,
		.ahead = read_least(in),
	};
}

void reader_init_memory(struct reader *reader, const void *data, size_t size,
			uint64_t offset)
{
	*reader = (struct reader){
		.next = data,
		.end = (const uint8_t *)data + size,
		.offset = offset,
	};
}

void reader_release(struct reader *reader)
{
	chunk_put(reader->chunk);
	reader->chunk = NULL;
	reader->next = reader->end = NULL;
}

/*
 * Reads the next chunk, and puts what is still visible of the current one
 * before it.  The current chunk is released before waiting for a new one,
 * otherwise a small pool could run dry.
 */
static int refill(struct reader *reader, struct savetool_error *err)
{
	uint8_t left[CHUNK_HEADROOM];
	size_t visible = reader_visible(reader), got;
	uint64_t from = reader->offset + visible;
	size_t size = reader->ahead - from % READ_GRAIN;
	struct chunk *chunk;

	if (from >= reader->limit)
		size = 0;
	else if (size > reader->limit - from)
		size = reader->limit - from;

	if (visible)
		memcpy(left, reader->next, visible);
	chunk_put(reader->chunk);
	reader->chunk = NULL;
	chunk = chunk_take(reader->pool);
	reader->chunk = chunk;
	reader->next = chunk->data - visible;
	reader->end = chunk->data;
	if (visible)
		memcpy(chunk->data - visible, left, visible);
	if (input_read_at(reader->in, chunk->data, size, from, &got, err) < 0)
		return -1;
	reader->ended = got == 0;
	if (reader->ahead < CHUNK_SIZE)
		reader->ahead *= 2;
	reader->end += got;
	return 0;
}

int reader_look(struct reader *reader, size_t size, size_t *got,
		struct savetool_error *err)
{
	size_t visible = reader_visible(reader);

	while (visible < size && reader->in && !reader->ended) {
		if (refill(reader, err) < 0)
			return -1;
		visible = reader_visible(reader);
	}
	*got = visible < size ? visible : size;
	return 0;
}

int reader_peek(struct reader *reader, size_t size, size_t *got,
		struct savetool_error *err)
{
	if (reader_look(reader, size, got, err) == 0)
		return 0;
	if (!reader->in || !input_failed_in_member(reader->in, err))
		return -1;
	*got = reader_visible(reader);
	return 0;
}

int reader_need(struct reader *reader, size_t size, struct savetool_error *err)
{
	size_t got;

	if (reader_visible(reader) >= size)
		return 0;
	if (reader_look(reader, size, &got, err) < 0)
		return -1;
	if (got < size)
		return fail_at(err, SAVETOOL_INCOMPLETE, reader->offset + got,
			       "image ends");
	return 0;
}

int reader_consume(struct reader *reader, size_t size,
		   struct savetool_error *err)
{
	const uint8_t *data = reader->next;

	reader->next += size;
	reader->offset += size;
	if (reader->copy_to)
		return output_append(reader->copy_to, data, size, err);
	return 0;
}

/* Moves on without reading, but not past a known end. */
static int pass_unseen(struct reader *reader, uint64_t size,
		       struct savetool_error *err)
{
	uint64_t end = reader->in->size;

	if (end == SAVETOOL_UNKNOWN)
		end = INT64_MAX;
	if (end > reader->limit)
		end = reader->limit;
	if (reader->offset > end || size > end - reader->offset)
		return fail_at(err, SAVETOOL_INCOMPLETE, end, "image ends");
	reader->offset += size;
	reader->next = reader->end;
	reader->ahead = read_least(reader->in);
	return 0;
}

int reader_skip(struct reader *reader, uint64_t size,
		struct savetool_error *err)
{
	uint64_t visible = reader_visible(reader);

	if (size > visible && !reader->copy_to && reader->in)
		return pass_unseen(reader, size, err);
	while (size > 0) {
		size_t part;

		if (reader_need(reader, 1, err) < 0)
			return -1;
		visible = reader_visible(reader);
		part = size < visible ? size : visible;
		if (reader_consume(reader, part, err) < 0)
			return -1;
		size -= part;
	}
	return 0;
}

int reader_go(struct reader *reader, uint64_t offset,
	      struct savetool_error *err)
{
	while (reader->offset < offset) {
		uint64_t left = offset - reader->offset;
		size_t visible;

		if (reader_need(reader, 1, err) < 0)
			return -1;
		visible = reader_visible(reader);
		if (reader_consume(reader, left < visible ? left : visible,
				   err) < 0)
			return -1;
	}
	return 0;
}

int reader_bytes(struct reader *reader, void *data, size_t size,
		 struct savetool_error *err)
{
	uint8_t *to = data;

	while (size > 0) {
		size_t part;

		if (reader_need(reader, 1, err) < 0)
			return -1;
		part = reader_visible(reader);
		if (part > size)
			part = size;
		memcpy(to, reader->next, part);
		if (reader_consume(reader, part, err) < 0)
			return -1;
		to += part;
		size -= part;
	}
	return 0;
}

int reader_u8(struct reader *reader, uint8_t *value, struct savetool_error *err)
{
	if (reader_need(reader, 1, err) < 0)
		return -1;
	*value = *reader->next;
	return reader_consume(reader, 1, err);
}

int reader_be16(struct reader *reader, uint16_t *value,
		struct savetool_error *err)
{
	if (reader_need(reader, 2, err) < 0)
		return -1;
	*value = get_be16(reader->next);
	return reader_consume(reader, 2, err);
}

int reader_be32(struct reader *reader, uint32_t *value,
		struct savetool_error *err)
{
	if (reader_need(reader, 4, err) < 0)
		return -1;
	*value = get_be32(reader->next);
	return reader_consume(reader, 4, err);
}

int reader_be64(struct reader *reader, uint64_t *value,
		struct savetool_error *err)
{
	if (reader_need(reader, 8, err) < 0)
		return -1;
	*value = get_be64(reader->next);
	return reader_consume(reader, 8, err);
}

int reader_str8(struct reader *reader, char text[STR8_SIZE],
		struct savetool_error *err)
{
	uint8_t length;

	if (reader_u8(reader, &length, err) < 0 ||
	    reader_need(reader, length, err) < 0)
		return -1;
	if (memchr(reader->next, '\0', length))
		return fail_at(err, SAVETOOL_CORRUPT, reader->offset,
			       "name contains a NUL byte");
	memcpy(text, reader->next, length);
	text[length] = '\0';
	return reader_consume(reader, length, err);
}
