/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a file in a temporary one, and writes it as a member of an archive. */
#include "config.h"

#include "io/output_tar.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"
#include "io/input.h"
#include "io/tar_write.h"

#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)1 << 20)

struct output_tar {
	struct output base;
	struct output *below;
	struct output *kept; /* the temporary file */
	char *name;
	time_t modified;
	const struct savetool_monitor *monitor;
};

/* Writes what is not empty, and punches what is. */
static int write_units(struct output_tar *out, const uint8_t *data, size_t size,
		       uint64_t offset, struct savetool_error *err)
{
	while (size > 0) {
		bool empty = tar_unit_is_empty(data, offset, size);
		size_t part = tar_unit(offset, size);

		while (part < size &&
		       tar_unit_is_empty(data + part, offset + part,
					 size - part) == empty)
			part += tar_unit(offset + part, size - part);
		if (empty ? output_punch(out->kept, offset, part, err) < 0 :
			    output_write_at(out->kept, data, part, offset,
					    err) < 0)
			return -1;
		data += part;
		size -= part;
		offset += part;
	}
	return 0;
}

static int tar_write_at(struct output *base, struct iovec *iov, unsigned count,
			uint64_t offset, struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;
	bool large = false;

	for (unsigned i = 0; i < count; i++)
		large |= iov[i].iov_len > TAR_UNIT;
	if (!large)
		return out->kept->ops->write_at(out->kept, iov, count, offset,
						err);
	for (unsigned i = 0; i < count; i++) {
		if (write_units(out, iov[i].iov_base, iov[i].iov_len, offset,
				err) < 0)
			return -1;
		offset += iov[i].iov_len;
	}
	return 0;
}

static int tar_read_at(struct output *base, void *data, size_t size,
		       uint64_t offset, struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;

	return output_read_at(out->kept, data, size, offset, err);
}

static int tar_punch(struct output *base, uint64_t offset, uint64_t length,
		     struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;

	return output_punch(out->kept, offset, length, err);
}

static int tar_reach(struct output *base, uint64_t end,
		     struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;

	return output_reach(out->kept, end, err);
}

static int tar_flush(struct output *base, struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;

	return output_flush(out->kept, err);
}

static int tar_read_back(struct output *base, struct input **in,
			 struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;

	return output_read_back(out->kept, in, err);
}

static int tar_fd(const struct output *base)
{
	return output_fd(((const struct output_tar *)base)->kept);
}

static void tar_expect(struct output *base, uint64_t bytes)
{
	struct output_tar *out = (struct output_tar *)base;

	output_expect(out->kept, bytes);
}

static int find_data(struct tar_map *map, struct input *in,
		     struct savetool_error *err)
{
	struct extent extent;

	for (uint64_t at = 0; at < in->size; at += extent.length) {
		if (input_extent(in, at, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			break;
		if (!extent.hole)
			tar_map_add(map, at, extent.length);
	}
	return 0;
}

static int copy_range(struct output_tar *out, struct input *in,
		      const struct tar_range *range, uint8_t *piece,
		      struct savetool_error *err)
{
	for (uint64_t at = 0; at < range->length;) {
		uint64_t left = range->length - at;
		size_t size = left < PIECE ? left : PIECE;

		if (monitor_stopped(out->monitor) != 0)
			return fail_stopped(err);
		if (input_read_exactly(in, piece, size, range->offset + at,
				       err) < 0 ||
		    output_append(out->below, piece, size, err) < 0)
			return -1;
		at += size;
	}
	return 0;
}

static int write_archive(struct output_tar *out, struct input *in,
			 struct savetool_error *err)
{
	cleanup_tar_map struct tar_map map = { 0 };
	cleanup_free uint8_t *piece = malloc(PIECE);
	const struct tar_member member = {
		.name = out->name,
		.modified = out->modified,
		.size = in->size,
		.map = &map,
	};

	if (!piece)
		return fail_memory(err);
	if (tar_map_init(&map, OUTPUT_TAR_RANGES, err) < 0 ||
	    find_data(&map, in, err) < 0 ||
	    tar_write_head(out->below, &member, err) < 0)
		return -1;
	for (size_t i = 0; i < map.count; i++)
		if (copy_range(out, in, &map.ranges[i], piece, err) < 0)
			return -1;
	return tar_write_end(out->below, &member, err);
}

/* What the file starts with was to be written last: now it is. */
static int tar_commit(struct output *base, struct savetool_error *err)
{
	struct output_tar *out = (struct output_tar *)base;
	cleanup_input struct input *in = NULL;

	if (output_reach(out->kept, base->position, err) < 0 ||
	    output_flush(out->kept, err) < 0 ||
	    output_read_back(out->kept, &in, err) < 0 ||
	    write_archive(out, in, err) < 0)
		return -1;
	return output_commit(out->below, err);
}

static void tar_close(struct output *base)
{
	struct output_tar *out = (struct output_tar *)base;

	output_close(out->kept);
	output_close(out->below);
	free(out->name);
	free(out);
}

static const struct output_ops tar_ops = {
	.write_at = tar_write_at,
	.read_at = tar_read_at,
	.punch = tar_punch,
	.commit = tar_commit,
	.close = tar_close,
	.reach = tar_reach,
	.flush = tar_flush,
	.read_back = tar_read_back,
	.fd = tar_fd,
	.expect = tar_expect,
};

int output_open_tar(struct output **result, struct output *below,
		    const struct output_tar_options *options,
		    struct savetool_error *err)
{
	struct output_tar *out = calloc(1, sizeof(*out));

	if (!out) {
		output_close(below);
		return fail_memory(err);
	}
	out->base.ops = &tar_ops;
	out->base.seekable = true;
	out->below = below;
	out->modified = options->modified;
	out->monitor = options->monitor;
	out->name = strdup(options->name);
	if (!out->name)
		fail_memory(err);
	if (!out->name ||
	    output_open_unnamed(&out->kept, options->folder, err) < 0) {
		tar_close(&out->base);
		return -1;
	}
	*result = &out->base;
	return 0;
}
