/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tail of a stream: read, held, and written again. */
#include "config.h"

#include "format/tail_parts.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

struct tail *tail_new(uint64_t offset, enum footers footers,
		      struct st_error *err)
{
	struct tail *tail = calloc(1, sizeof(*tail));

	if (!tail) {
		fail_memory(err);
		return NULL;
	}
	tail->offset = offset;
	tail->footers = footers;
	return tail;
}

void tail_drop_devices(struct tail *tail)
{
	for (unsigned i = 0; i < tail->device_count; i++)
		free((char *)tail->devices[i].name);
	free(tail->devices);
	tail->devices = NULL;
	tail->device_count = 0;
}

void tail_free(struct tail *tail)
{
	if (!tail)
		return;
	tail_drop_devices(tail);
	vmdesc_free(tail->vmdesc);
	free(tail->data);
	free(tail);
}

/* Reads up to the limit, growing as it goes: nearly all tails are small. */
static int read_all(struct tail *tail, struct input *in, struct st_error *err)
{
	size_t room = 256 << 10, got;

	while (room < tail->size)
		room *= 2;
	for (;;) {
		uint8_t *data = realloc(tail->data, room);

		if (!data)
			return fail_memory(err);
		tail->data = data;
		if (input_read_all(in, data + tail->size, room - tail->size,
				   tail_end(tail), &got, err) < 0)
			return -1;
		tail->size += got;
		if (tail->size < room || room >= TAIL_LIMIT)
			return 0;
		room *= 2;
	}
}

/* What the reader has already taken from an input that cannot go back. */
static int take_visible(struct tail *tail, struct reader *reader,
			struct st_error *err)
{
	size_t visible = reader_visible(reader);

	tail->data = malloc(visible ? visible : 1);
	if (!tail->data)
		return fail_memory(err);
	memcpy(tail->data, reader->next, visible);
	tail->size = visible;
	return 0;
}

int tail_read(struct tail **result, struct stream *stream, struct st_error *err)
{
	struct reader *reader = &stream->reader;
	cleanup_tail struct tail *tail =
		tail_new(reader->offset, stream->footers, err);
	struct input *in = reader->in;
	uint64_t rest = 0;

	if (!tail || take_visible(tail, reader, err) < 0 ||
	    read_all(tail, in, err) < 0)
		return -1;
	if (tail->size >= TAIL_LIMIT)
		rest = in->size == ST_UNKNOWN ?
			       ST_UNKNOWN :
			       in->size - tail->offset - tail->size;
	if (tail_understand(tail, rest, err) < 0) {
		if (err->code == ST_INCOMPLETE && rest > 0)
			fail(err, ST_UNSUPPORTED,
			     "more than %" PRIu64 " MiB of device state",
			     TAIL_LIMIT >> 20);
		return -1;
	}
	*result = steal(tail);
	return 0;
}

static int write_vmdesc(const struct tail *tail, struct output *out,
			bool mapped, struct st_error *err)
{
	cleanup_free char *json = NULL;
	uint8_t head[VMDESC_HEAD - 1] = { SECTION_VMDESC };
	size_t size;

	if (vmdesc_set_mapped(&json, &size, tail->json, tail->json_size, mapped,
			      err) < 0)
		return -1;
	put_be32(head + 1, size);
	if (output_append(out, head, sizeof(head), err) < 0)
		return -1;
	return output_append(out, json, size, err);
}

int tail_write(const struct tail *tail, struct output *out, bool mapped,
	       struct st_error *err)
{
	if (output_append(out, tail->data, tail->state_size, err) < 0)
		return -1;
	return tail->vmdesc ? write_vmdesc(tail, out, mapped, err) : 0;
}
