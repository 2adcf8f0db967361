/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the tail from where the walk stopped. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/tail_internal.h"
#include "io/spool.h"

#include <inttypes.h>
#include <string.h>

/*
 * Of an input that can be read only once, this much is kept in memory: nearly
 * always all.
 */
#define IN_MEMORY (UINT64_C(2) << 20)

/*
 * Keeps what comes through a pipe, up to the limit.  The reader already has the
 * first bytes.
 */
static int keep(struct tail *tail, struct reader *reader, const char *folder,
		struct savetool_error *broken, struct savetool_error *err)
{
	size_t size = reader_visible(reader), more;
	uint8_t *data;

	tail->data = data = malloc(IN_MEMORY);
	if (!data)
		return fail_memory(err);
	memcpy(data, reader->next, size);
	do {
		if (input_read_or_end(reader->in, data + size, IN_MEMORY - size,
				      tail->offset + size, &more, broken,
				      err) < 0)
			return -1;
		size += more;
	} while (more > 0 && size < IN_MEMORY);
	if (size < IN_MEMORY)
		return input_open_part(&tail->kept, data, size, tail->offset,
				       err);
	if (spool_open(&tail->kept, folder, reader->in, data, size,
		       tail->offset, tail->offset + TAIL_LIMIT, broken,
		       err) < 0)
		return -1;
	tail->data = NULL;
	free(data);
	return 0;
}

/* Takes the bytes of the tail; *rest is how much follows them. */
static int take(struct tail *tail, struct reader *reader, const char *folder,
		uint64_t *rest, struct savetool_error *broken,
		struct savetool_error *err)
{
	tail->in = reader->in;
	if (!tail->in->seekable) {
		if (keep(tail, reader, folder, broken, err) < 0)
			return -1;
		tail->in = tail->kept;
	}
	/* The walk over the tail needs a chunk, too. */
	reader_release(reader);
	tail->size = tail->in->size - tail->offset;
	*rest = 0;
	if (tail->size >= TAIL_LIMIT) {
		*rest = tail->kept ? SAVETOOL_UNKNOWN : tail->size - TAIL_LIMIT;
		tail->size = TAIL_LIMIT;
	}
	return 0;
}

int tail_read(struct tail **result, struct stream *stream, const char *folder,
	      struct savetool_error *err)
{
	struct reader *reader = &stream->reader;
	cleanup_tail struct tail *tail =
		tail_new(reader->offset, stream->footers, err);
	struct savetool_error broken = { .code = SAVETOOL_OK };
	uint64_t rest;

	if (!tail)
		return -1;
	tail->pool = reader->pool;
	if (take(tail, reader, folder, &rest, &broken, err) < 0)
		return -1;
	if (tail_parse(tail, rest, err) < 0) {
		if (err->code == SAVETOOL_INCOMPLETE && rest > 0)
			fail(err, SAVETOOL_UNSUPPORTED,
			     "more than %" PRIu64 " MiB of device state",
			     TAIL_LIMIT >> 20);
		if (broken.code)
			*err = broken;
		return -1;
	}
	if (broken.code &&
	    !input_ends_before_failure(reader->in, tail_end(tail))) {
		*err = broken;
		return -1;
	}
	*result = steal(tail);
	return 0;
}
