/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the tail of a stream from the end of its file. */
#include "config.h"

#include "format/tail_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

/*
 * How far before a tail the end of another image is searched for: as much as
 * can be read without being noticed.
 */
#define BEFORE_TAIL (UINT64_C(1) << 20)

/* What a server's block layer rounds the length of a file to. */
#define SECTOR_SIZE 512

/* The vmdesc, and what follows the image, must be within this many bytes. */
#define WINDOW (UINT64_C(32) << 20)

/*
 * The length of the described sections in the tail, with headers and with or
 * without footers.
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

/* Finds the last vmdesc from the reader on.  1, 0: none, or -1. */
static int find_last_vmdesc(struct found_vmdesc *last, struct reader *reader,
			    struct savetool_error *err)
{
	struct found_vmdesc found = { 0 };
	int more;

	last->vmdesc = NULL;
	while ((more = tail_next_vmdesc(&found, reader, err)) > 0) {
		vmdesc_free(last->vmdesc);
		*last = found;
		/* What is inside the JSON is not another one. */
		more = reader_skip(reader, VMDESC_HEAD - 1 + found.json_size,
				   err);
		if (more < 0)
			break;
	}
	if (more == 0)
		return last->vmdesc != NULL;
	vmdesc_free(last->vmdesc);
	return -1;
}

/* Checks whether the tail starts length bytes before its EOF byte. */
static int try_length(struct tail *tail, uint64_t stream_offset, uint64_t eof,
		      uint64_t length, struct savetool_error *err)
{
	struct savetool_error ignored;
	uint8_t first;

	if (length > eof - stream_offset)
		return 0;
	tail->offset = eof - length;
	tail->size = tail->in->size - tail->offset;
	if (input_read_exactly(tail->in, &first, 1, tail->offset, err) < 0)
		return -1;
	return first == (length ? SECTION_FULL : SECTION_EOF) &&
	       tail_walk_to(tail, eof, &ignored) == 0;
}

/* Makes a tail that ends in this vmdesc, which is then its own. */
static int try_tail(struct tail **result, struct input *in,
		    struct chunk_pool *pool, uint64_t stream_offset,
		    const struct found_vmdesc *last, struct savetool_error *err)
{
	cleanup_tail struct tail *tail = tail_new(0, FOOTERS_UNKNOWN, err);
	int found;

	if (!tail) {
		vmdesc_free(last->vmdesc);
		return -1;
	}
	tail->in = in;
	tail->pool = pool;
	tail_set_vmdesc(tail, last);
	found = try_length(tail, stream_offset, last->eof,
			   described_length(last->vmdesc, true), err);
	if (found == 0)
		found = try_length(tail, stream_offset, last->eof,
				   described_length(last->vmdesc, false), err);
	if (found <= 0)
		return found;
	tail_cut_trailing(tail, 0);
	*result = steal(tail);
	return 1;
}

/* Finds the tail in the last window bytes of the input. */
static int find_in(struct tail **tail, struct input *in,
		   struct chunk_pool *pool, uint64_t stream_offset,
		   uint64_t window, struct savetool_error *err)
{
	struct found_vmdesc last;
	struct reader reader;
	int found;

	reader_init(&reader, in, pool, in->size - window);
	found = find_last_vmdesc(&last, &reader, err);
	reader_release(&reader);
	if (found <= 0)
		return found;
	return try_tail(tail, in, pool, stream_offset, &last, err);
}

int tail_find(struct tail **tail, struct input *in, struct chunk_pool *pool,
	      uint64_t stream_offset, struct savetool_error *err)
{
	uint64_t most = in->size - stream_offset, window = 512 << 10;

	if (most > WINDOW)
		most = WINDOW;
	for (;;) {
		int found;

		if (window > most)
			window = most;
		found = window ? find_in(tail, in, pool, stream_offset, window,
					 err) :
				 0;
		if (found != 0 || window == most)
			return found;
		window *= 8;
	}
}

/*
 * A file that a server has ends where the image does, or at the end of that
 * sector.
 */
static bool ends_export(const struct tail *tail)
{
	return tail->in->is_export &&
	       tail->in->size - tail_end(tail) < SECTOR_SIZE;
}

int tail_is_doubtful(bool *doubtful, const struct tail *tail,
		     uint64_t stream_offset, struct savetool_error *err)
{
	uint64_t size = tail->offset - stream_offset;
	struct found_vmdesc last;
	struct reader reader;
	int found;

	*doubtful = tail->in->is_device && !ends_export(tail);
	if (*doubtful)
		return 0;
	if (size > BEFORE_TAIL)
		size = BEFORE_TAIL;
	reader_init(&reader, tail->in, tail->pool, tail->offset - size);
	reader.limit = tail->offset;
	found = find_last_vmdesc(&last, &reader, err);
	reader_release(&reader);
	if (found < 0)
		return -1;
	*doubtful = found > 0;
	vmdesc_free(last.vmdesc);
	return 0;
}
