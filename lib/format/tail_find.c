/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the tail of a stream from the end of its file. */
#include "config.h"

#include "format/tail_parts.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

/*
 * So many bytes before a tail are searched for the end of another image: what
 * can be read without anybody's noticing.
 */
#define BEFORE_TAIL (UINT64_C(1) << 20)

/*
 * How long the described sections of the tail are, with headers and footers
 * or without.
 */
static uint64_t described_length(const struct vmdesc *vmdesc, bool footers)
{
	uint64_t length = 0;

	for (unsigned i = 0; i < vmdesc->count; i++)
		if (!section_is_early(vmdesc->devices[i].name))
			length += 1 + 4 + 1 + strlen(vmdesc->devices[i].name) +
				  4 + 4 + vmdesc->devices[i].length +
				  (footers ? FOOTER_SIZE : 0);
	return length;
}

/* The last vmdescription in these bytes: where its EOF byte is, or size. */
static size_t find_last_vmdesc(const uint8_t *data, size_t size,
			       struct vmdesc **vmdesc)
{
	size_t found = size, eof = 0;
	struct st_error ignored;

	*vmdesc = NULL;
	for (;; eof++) {
		struct vmdesc *candidate;

		eof = tail_find_vmdesc(data, size, eof);
		if (eof == size)
			return found;
		if (vmdesc_parse(&candidate, (char *)data + eof + VMDESC_HEAD,
				 get_be32(data + eof + 2), &ignored) < 0)
			continue;
		vmdesc_free(*vmdesc);
		*vmdesc = candidate;
		found = eof;
		/* What is within the JSON is none. */
		eof += VMDESC_HEAD + get_be32(data + eof + 2) - 1;
	}
}

/* A tail of these last bytes that starts so many before its EOF byte. */
static int try_tail(struct tail **result, const uint8_t *data, size_t size,
		    uint64_t data_offset, size_t eof, uint64_t length,
		    struct st_error *err)
{
	cleanup_tail struct tail *tail = NULL;
	struct st_error ignored;
	size_t start;

	if (length > eof ||
	    data[eof - length] != (length ? SECTION_FULL : SECTION_EOF))
		return 0;
	start = eof - length;
	tail = tail_new(data_offset + start, FOOTERS_UNKNOWN, err);
	if (!tail)
		return -1;
	tail->data = malloc(size - start);
	if (!tail->data)
		return fail_memory(err);
	memcpy(tail->data, data + start, size - start);
	tail->size = size - start;
	if (tail_understand(tail, 0, &ignored) < 0 || !tail->vmdesc)
		return 0;
	*result = steal(tail);
	return 1;
}

/* In the last bytes of the input, which are so many. */
static int find_in(struct tail **tail, struct input *in, uint64_t window,
		   struct st_error *err)
{
	uint64_t offset = in->size - window;
	cleanup_free uint8_t *data = malloc(window);
	struct vmdesc *vmdesc;
	uint64_t lengths[2];
	size_t eof;
	int found;

	if (!data)
		return fail_memory(err);
	if (input_read_exactly(in, data, window, offset, err) < 0)
		return -1;
	eof = find_last_vmdesc(data, window, &vmdesc);
	if (eof == window)
		return 0;
	lengths[0] = described_length(vmdesc, true);
	lengths[1] = described_length(vmdesc, false);
	vmdesc_free(vmdesc);
	found = try_tail(tail, data, window, offset, eof, lengths[0], err);
	if (found == 0)
		found = try_tail(tail, data, window, offset, eof, lengths[1],
				 err);
	return found;
}

int tail_find(struct tail **tail, struct input *in, uint64_t stream_offset,
	      struct st_error *err)
{
	uint64_t most = in->size - stream_offset, window = 512 << 10;

	if (most > TAIL_LIMIT)
		most = TAIL_LIMIT;
	for (;;) {
		int found;

		if (window > most)
			window = most;
		found = window ? find_in(tail, in, window, err) : 0;
		if (found != 0 || window == most)
			return found;
		window *= 8;
	}
}

int tail_is_doubtful(bool *doubtful, const struct tail *tail, struct input *in,
		     uint64_t stream_offset, struct st_error *err)
{
	uint64_t size = tail->offset - stream_offset;
	cleanup_free uint8_t *data = NULL;
	struct vmdesc *vmdesc;

	*doubtful = in->is_device;
	if (*doubtful)
		return 0;
	if (size > BEFORE_TAIL)
		size = BEFORE_TAIL;
	data = malloc(size + 1);
	if (!data)
		return fail_memory(err);
	if (input_read_exactly(in, data, size, tail->offset - size, err) < 0)
		return -1;
	*doubtful = find_last_vmdesc(data, size, &vmdesc) != size;
	vmdesc_free(vmdesc);
	return 0;
}
