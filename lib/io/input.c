/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is the same for every kind of input. */
#include "config.h"

#include "io/input.h"

#include "base/error.h"

#include <inttypes.h>

/* Reads and drops what lies between here and there. */
static int skip_to(struct input *in, uint64_t offset, struct st_error *err)
{
	uint8_t dropped[16384];

	while (in->position < offset) {
		uint64_t left = offset - in->position;
		ssize_t n = in->ops->read_at(
			in, dropped,
			left < sizeof(dropped) ? left : sizeof(dropped),
			in->position, err);

		if (n <= 0)
			return n;
		in->position += n;
	}
	return 0;
}

int input_read_at(struct input *in, void *data, size_t size, uint64_t offset,
		  size_t *got, struct st_error *err)
{
	size_t done = 0;

	if (!in->seekable) {
		if (offset < in->position)
			return fail(err, ST_UNSUPPORTED,
				    "cannot go back in a stream, from byte "
				    "%" PRIu64 " to %" PRIu64,
				    in->position, offset);
		if (skip_to(in, offset, err) < 0)
			return -1;
		if (in->position < offset)
			size = 0;
	}
	while (done < size) {
		ssize_t n = in->ops->read_at(in, (uint8_t *)data + done,
					     size - done, offset + done, err);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += n;
		in->position = offset + done;
	}
	*got = done;
	return 0;
}

int input_read_exactly(struct input *in, void *data, size_t size,
		       uint64_t offset, struct st_error *err)
{
	size_t got;

	if (input_read_at(in, data, size, offset, &got, err) < 0)
		return -1;
	if (got < size)
		return fail(err, ST_INCOMPLETE,
			    "file ends at byte %" PRIu64 ", %zu bytes short",
			    offset + got, size - got);
	return 0;
}

int input_extent(struct input *in, uint64_t offset, struct extent *extent,
		 struct st_error *err)
{
	if (offset >= in->size) {
		*extent = (struct extent){ .offset = offset };
		return 0;
	}
	if (in->ops->extent)
		return in->ops->extent(in, offset, extent, err);
	*extent = (struct extent){
		.offset = offset,
		.length =
			in->size == ST_UNKNOWN ? ST_UNKNOWN : in->size - offset,
	};
	return 0;
}

void input_close(struct input *in)
{
	if (in)
		in->ops->close(in);
}
