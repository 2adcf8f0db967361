/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a member of an archive while it is made. */
#include "config.h"

#include "io/output_straight.h"

#include "base/error.h"
#include "base/zero.h"
#include "io/tar_write.h"

#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)64 << 10)

struct output_straight {
	struct output base;
	struct output *below;
	const struct tar_plan *plan;
	uint64_t at;   /* all before it is in the archive */
	size_t range;  /* of the map: the one at, or after, that place */
	uint8_t final; /* the last byte, which vouches for the others */
	uint8_t piece[PIECE];
};

static int fail_changed(struct savetool_error *err)
{
	fail(err, SAVETOOL_SYSTEM, "the image changed while it was read");
	return fail_hint(err, SAVETOOL_HINT_RETRY);
}

/* Bytes that are in the map; without data, those that were left out. */
static int emit_mapped(struct output_straight *out, const uint8_t *data,
		       size_t size, struct savetool_error *err)
{
	while (size > 0) {
		const uint8_t *piece = data;
		size_t part = size;

		if (!data || tar_plan_is_late(out->plan, out->at, size)) {
			part = size < PIECE ? size : PIECE;
			if (data)
				memcpy(out->piece, data, part);
			else
				memset(out->piece, 0, part);
			tar_plan_overlay(out->plan, out->piece, part, out->at);
			piece = out->piece;
		}
		if (output_append(out->below, piece, part, err) < 0)
			return -1;
		out->at += part;
		data = data ? data + part : NULL;
		size -= part;
	}
	return 0;
}

/* Up to a place in the file. */
static int emit(struct output_straight *out, const uint8_t *data, uint64_t to,
		struct savetool_error *err)
{
	const struct tar_map *map = &out->plan->map;

	while (out->at < to) {
		const struct tar_range *range = &map->ranges[out->range];
		bool left = out->range < map->count;
		uint64_t start = left ? range->offset : to, part;

		if (left && range->offset + range->length <= out->at) {
			out->range++;
			continue;
		}
		if (out->at < start) {
			part = (start < to ? start : to) - out->at;
			if (data && !is_zero(data, part))
				return fail_changed(err);
			out->at += part;
		} else {
			part = range->offset + range->length - out->at;
			if (part > to - out->at)
				part = to - out->at;
			if (emit_mapped(out, data, part, err) < 0)
				return -1;
		}
		data = data ? data + part : NULL;
	}
	return 0;
}

/* What comes late is in the archive by then. */
static int write_part(struct output_straight *out, const uint8_t *data,
		      size_t size, uint64_t offset, struct savetool_error *err)
{
	uint64_t end = offset + size, past;

	if (end > out->plan->size)
		return fail_changed(err);
	if (offset < out->at) {
		past = out->at - offset;
		if (past >= size)
			return 0;
		data += past;
		size -= past;
		offset += past;
	}
	if (emit(out, NULL, offset, err) < 0)
		return -1;
	if (end == out->plan->size) {
		out->final = data[size - 1];
		end--;
	}
	return emit(out, data, end, err);
}

static int straight_write_at(struct output *base, struct iovec *iov,
			     unsigned count, uint64_t offset,
			     struct savetool_error *err)
{
	struct output_straight *out = (struct output_straight *)base;

	for (unsigned i = 0; i < count; i++) {
		if (iov[i].iov_len > 0 &&
		    write_part(out, iov[i].iov_base, iov[i].iov_len, offset,
			       err) < 0)
			return -1;
		offset += iov[i].iov_len;
	}
	return 0;
}

/* The plan has none where data is. */
static int straight_punch(struct output *base, uint64_t offset, uint64_t length,
			  struct savetool_error *err)
{
	struct output_straight *out = (struct output_straight *)base;

	(void)length;
	return offset >= out->at ? 0 : fail_changed(err);
}

static int straight_commit(struct output *base, struct savetool_error *err)
{
	struct output_straight *out = (struct output_straight *)base;
	const struct tar_plan *plan = out->plan;
	const struct tar_member member = { .map = &plan->map };

	if (base->position != plan->size)
		return fail_changed(err);
	if (plan->size > 0 && (emit(out, NULL, plan->size - 1, err) < 0 ||
			       emit(out, &out->final, plan->size, err) < 0))
		return -1;
	if (tar_write_end(out->below, &member, err) < 0)
		return -1;
	return output_commit(out->below, err);
}

static void straight_close(struct output *base)
{
	struct output_straight *out = (struct output_straight *)base;

	output_close(out->below);
	free(out);
}

static int straight_fd(const struct output *base)
{
	return output_fd(((const struct output_straight *)base)->below);
}

static void straight_expect(struct output *base, uint64_t bytes)
{
	output_expect(((struct output_straight *)base)->below, bytes);
}

static const struct output_ops straight_ops = {
	.write_at = straight_write_at,
	.punch = straight_punch,
	.commit = straight_commit,
	.close = straight_close,
	.fd = straight_fd,
	.expect = straight_expect,
};

int output_open_straight(struct output **result, struct output *below,
			 const struct output_tar_options *options,
			 const struct tar_plan *plan,
			 struct savetool_error *err)
{
	const struct tar_member member = {
		.name = options->name,
		.modified = options->modified,
		.size = plan->size,
		.map = &plan->map,
	};
	struct output_straight *out = calloc(1, sizeof(*out));

	if (!out) {
		output_close(below);
		return fail_memory(err);
	}
	out->base.ops = &straight_ops;
	out->base.seekable = true;
	out->below = below;
	out->plan = plan;
	if (tar_write_head(below, &member, err) < 0) {
		straight_close(&out->base);
		return -1;
	}
	*result = &out->base;
	return 0;
}
