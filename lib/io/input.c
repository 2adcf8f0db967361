/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all kinds of input have in common. */
#include "config.h"

#include "io/input.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/* Keeps what was just read, as far as it may be asked for again. */
static void remember(struct input *in, const uint8_t *data, size_t size)
{
	size_t kept = in->backlog_size;

	if (size > INPUT_BACKLOG) {
		data += size - INPUT_BACKLOG;
		size = INPUT_BACKLOG;
	}
	if (kept > INPUT_BACKLOG - size)
		kept = INPUT_BACKLOG - size;
	memmove(in->backlog + INPUT_BACKLOG - size - kept,
		in->backlog + INPUT_BACKLOG - kept, kept);
	memcpy(in->backlog + INPUT_BACKLOG - size, data, size);
	in->backlog_size = kept + size;
}

/* Reads what comes next: the number of bytes, 0 at the end, or -1. */
static ssize_t read_next(struct input *in, void *data, size_t size,
			 struct savetool_error *err)
{
	ssize_t n = in->ops->read_at(in, data, size, in->position, err);

	if (n > 0) {
		remember(in, data, n);
		in->position += n;
	}
	return n;
}

/* Reads and drops everything up to offset. */
static int skip_to(struct input *in, uint64_t offset,
		   struct savetool_error *err)
{
	uint8_t dropped[16384];

	if (in->skips && in->position < offset) {
		in->position = offset;
		in->backlog_size = 0;
	}
	while (in->position < offset) {
		uint64_t left = offset - in->position;
		ssize_t n = read_next(
			in, dropped,
			left < sizeof(dropped) ? left : sizeof(dropped), err);

		if (n <= 0)
			return n;
	}
	return 0;
}

/*
 * Reads from the backlog: returns the number of bytes, 0 if offset is past it,
 * -1 if the bytes are gone.
 */
static ssize_t read_again(const struct input *in, void *data, size_t size,
			  uint64_t offset, struct savetool_error *err)
{
	uint64_t back;

	if (offset >= in->position)
		return 0;
	back = in->position - offset;
	if (back > in->backlog_size)
		return fail_at(err, SAVETOOL_UNSUPPORTED, in->position,
			       "cannot seek back to byte %" PRIu64
			       " in a stream",
			       offset);
	if (size > back)
		size = back;
	memcpy(data, in->backlog + INPUT_BACKLOG - back, size);
	return size;
}

static ssize_t read_forwards(struct input *in, void *data, size_t size,
			     uint64_t offset, struct savetool_error *err)
{
	ssize_t n = read_again(in, data, size, offset, err);

	if (n != 0)
		return n;
	if (skip_to(in, offset, err) < 0)
		return -1;
	return in->position < offset ? 0 : read_next(in, data, size, err);
}

int input_read_at(struct input *in, void *data, size_t size, uint64_t offset,
		  size_t *got, struct savetool_error *err)
{
	size_t done = 0;

	while (done < size) {
		uint8_t *to = (uint8_t *)data + done;
		ssize_t n;

		if (in->seekable)
			n = in->ops->read_at(in, to, size - done, offset + done,
					     err);
		else
			n = read_forwards(in, to, size - done, offset + done,
					  err);
		/* The bytes read so far are good; the next call fails again. */
		if (n < 0 && done > 0)
			break;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += n;
	}
	*got = done;
	return 0;
}

int input_read_all(struct input *in, void *data, size_t size, uint64_t offset,
		   size_t *got, struct savetool_error *err)
{
	size_t done = 0, part;

	do {
		if (input_read_at(in, (uint8_t *)data + done, size - done,
				  offset + done, &part, err) < 0)
			return -1;
		done += part;
	} while (part > 0 && done < size);
	*got = done;
	return 0;
}

int input_read_exactly(struct input *in, void *data, size_t size,
		       uint64_t offset, struct savetool_error *err)
{
	size_t got;

	if (input_read_all(in, data, size, offset, &got, err) < 0)
		return -1;
	if (got < size)
		return fail_at(err, SAVETOOL_INCOMPLETE, offset + got,
			       "file ends %zu bytes too early", size - got);
	return 0;
}

int input_extent(struct input *in, uint64_t offset, struct extent *extent,
		 struct savetool_error *err)
{
	if (offset >= in->size) {
		*extent = (struct extent){ .offset = offset };
		return 0;
	}
	if (in->ops->extent)
		return in->ops->extent(in, offset, extent, err);
	*extent = (struct extent){
		.offset = offset,
		.length = in->size == SAVETOOL_UNKNOWN ? SAVETOOL_UNKNOWN :
							 in->size - offset,
	};
	return 0;
}

int input_count_data(uint64_t *bytes, struct input *in, uint64_t start,
		     uint64_t end, struct savetool_error *err)
{
	uint64_t data = 0;
	struct extent extent;

	if (end > in->size)
		end = in->size;
	for (uint64_t at = start; at < end; at += extent.length) {
		if (input_extent(in, at, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			break;
		if (extent.length > end - at)
			extent.length = end - at;
		data += extent.hole ? 0 : extent.length;
	}
	*bytes = data;
	return 0;
}

static int find_unwritten(struct input *in, uint64_t offset,
			  struct extent *range)
{
	if (!in->ops->unwritten || in->size == SAVETOOL_UNKNOWN)
		return -1;
	return in->ops->unwritten(in, offset, range);
}

int input_unwritten(struct input *in, uint64_t offset, struct extent *range,
		    struct savetool_error *err)
{
	while (offset < in->size && find_unwritten(in, offset, range) > 0) {
		struct extent storage;

		offset = range->offset;
		if (offset >= in->size)
			return 0;
		/* What was written meanwhile has not been flushed yet. */
		if (input_extent(in, offset, &storage, err) < 0)
			return -1;
		if (range->length > storage.length)
			range->length = storage.length;
		if (storage.hole)
			return 1;
		if (storage.length == 0)
			return 0;
		offset += storage.length;
	}
	return 0;
}

int input_count_unwritten(uint64_t *bytes, struct input *in,
			  struct savetool_error *err)
{
	struct extent range;
	uint64_t sum = 0, at = 0;
	int more;

	*bytes = SAVETOOL_UNKNOWN;
	if (find_unwritten(in, 0, &range) < 0)
		return 0;
	while ((more = input_unwritten(in, at, &range, err)) > 0) {
		sum += range.length;
		at = range.offset + range.length;
	}
	if (more == 0)
		*bytes = sum;
	return more;
}

int input_read_direct(struct input *in, bool own, struct savetool_error *err)
{
	return in->ops->read_direct ? in->ops->read_direct(in, own, err) : 0;
}

int input_fd(const struct input *in)
{
	return in->ops->fd ? in->ops->fd(in) : -1;
}

bool input_failed_in_member(const struct input *in,
			    const struct savetool_error *err)
{
	return in->failed_member > 0 && (err->code == SAVETOOL_CORRUPT ||
					 err->code == SAVETOOL_INCOMPLETE ||
					 err->code == SAVETOOL_UNSUPPORTED);
}

int input_read_or_end(struct input *in, void *data, size_t size,
		      uint64_t offset, size_t *got,
		      struct savetool_error *broken, struct savetool_error *err)
{
	if (input_read_at(in, data, size, offset, got, err) == 0)
		return 0;
	if (!input_failed_in_member(in, err))
		return -1;
	*broken = *err;
	*got = 0;
	return 0;
}

bool input_ends_before_failure(const struct input *in, uint64_t end)
{
	if (in->failed_member < end)
		return false;
	if (in->packed)
		in->packed->rest = in->failed_rest;
	return true;
}

void input_close(struct input *in)
{
	if (in)
		in->ops->close(in);
}
