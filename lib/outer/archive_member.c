/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The current member of an archive as an input that is read forwards. */
#include "config.h"

#include "outer/archive_reader_internal.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct input_member {
	struct input base;
	struct archive_reader *reader;
	bool own;
	struct input_ranges ranges; /* to know its holes */

	/* What libarchive gave out last; it stays until the next one. */
	const uint8_t *block;
	uint64_t block_offset, block_size;
	bool ended;

	/* Where libarchive fails once, it may go on as if nothing was. */
	bool broken;
	struct savetool_error failure;
};

/* After it, there is a block or the end; what lies before it are zeros. */
static int take_block(struct input_member *in, struct savetool_error *err)
{
	uint64_t end = in->block_offset + in->block_size;
	const void *block;
	la_int64_t offset;
	size_t size;
	int result = archive_read_data_block(in->reader->archive, &block, &size,
					     &offset);

	if (result == ARCHIVE_EOF) {
		in->ended = true;
		/* A hole at the end comes as no block. */
		if (in->base.size == SAVETOOL_UNKNOWN)
			in->base.size = end;
		in->block_offset = in->base.size;
		in->block_size = 0;
		return 0;
	}
	if (result != ARCHIVE_OK)
		return archive_reader_fail(in->reader, err);
	if (offset < 0 || (uint64_t)offset < end ||
	    (uint64_t)offset > in->base.size ||
	    size > in->base.size - (uint64_t)offset)
		return fail(err, SAVETOOL_CORRUPT,
			    "archive with data outside of its member");
	in->block = block;
	in->block_offset = (uint64_t)offset;
	in->block_size = size;
	return 0;
}

static int next_block(struct input_member *in, struct savetool_error *err)
{
	if (!in->broken && take_block(in, &in->failure) == 0)
		return 0;
	in->broken = true;
	*err = in->failure;
	return -1;
}

static size_t copy(struct input_member *in, void *data, size_t size,
		   uint64_t offset)
{
	uint64_t there;

	if (offset < in->block_offset) {
		there = in->block_offset - offset;
		if (size > there)
			size = there;
		memset(data, 0, size);
		return size;
	}
	there = in->block_offset + in->block_size - offset;
	if (size > there)
		size = there;
	memcpy(data, in->block + (offset - in->block_offset), size);
	return size;
}

/*
 * The last byte is given out when the end was seen: only there does libarchive
 * check what a zip or 7z archive says of its content.
 */
static ssize_t member_read_at(struct input *base, void *data, size_t size,
			      uint64_t offset, struct savetool_error *err)
{
	struct input_member *in = (struct input_member *)base;
	size_t n;

	while (!in->ended && offset >= in->block_offset + in->block_size)
		if (next_block(in, err) < 0)
			return -1;
	if (offset >= in->base.size)
		return 0;
	n = copy(in, data, size, offset);
	while (!in->ended && offset + n == in->base.size)
		if (next_block(in, err) < 0)
			return -1;
	return (ssize_t)n;
}

static int member_extent(struct input *base, uint64_t offset,
			 struct extent *extent, struct savetool_error *err)
{
	const struct input_member *in = (const struct input_member *)base;

	(void)err;
	input_ranges_extent(&in->ranges, offset, extent);
	return 0;
}

static void member_close(struct input *base)
{
	struct input_member *in = (struct input_member *)base;

	if (in->own)
		archive_reader_close(in->reader);
	input_ranges_free(&in->ranges);
	free(in);
}

static const struct input_ops plain_ops = {
	.read_at = member_read_at,
	.close = member_close,
};

static const struct input_ops sparse_ops = {
	.read_at = member_read_at,
	.extent = member_extent,
	.close = member_close,
};

/* If it has holes, the input keeps a copy of the map. */
static int copy_map(struct input_member *in, const struct input_ranges *from)
{
	size_t size = from->count * sizeof(*from->list);

	in->base.ops = &plain_ops;
	if (from->size == SAVETOOL_UNKNOWN ||
	    input_ranges_stored(from) == from->size)
		return 0;
	in->ranges = *from;
	in->ranges.list = malloc(size + 1);
	if (!in->ranges.list)
		return -1;
	if (size > 0)
		memcpy(in->ranges.list, from->list, size);
	in->base.ops = &sparse_ops;
	return 0;
}

int archive_reader_open_member(struct input **result,
			       struct archive_reader *reader,
			       const struct archive_member *member, bool own,
			       struct savetool_error *err)
{
	struct input_member *in;

	if (member->encrypted)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "the file is encrypted in the %s archive",
			    archive_kind_name(reader->kind));
	in = calloc(1, sizeof(*in));
	if (!in || copy_map(in, &member->ranges) < 0) {
		free(in);
		return fail_memory(err);
	}
	in->base.size = member->size;
	in->base.skips = true;
	in->base.monitor = reader->below->monitor;
	in->reader = reader;
	in->own = own;
	*result = &in->base;
	return 0;
}
