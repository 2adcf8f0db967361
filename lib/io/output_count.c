/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what would be written. */
#include "config.h"

#include "io/output_count.h"

#include "base/bitmap.h"
#include "base/error.h"

#include <stdlib.h>

#define BLOCK UINT64_C(4096)

/*
 * A bit for each block that would hold data, because headers and bitmaps are
 * written into blocks that have already been begun.  Only groups with such a
 * block are allocated.
 */
#define GROUP (UINT64_C(1) << 18)

struct output_count {
	struct output base;
	uint64_t count;
	struct bitmap *groups; /* of GROUP blocks each; may be empty */
};

static int make_space(struct output_count *out, uint64_t group,
		      struct savetool_error *err)
{
	uint64_t count = group + 1;
	struct bitmap *groups;

	if (group >= out->count) {
		groups = reallocarray(out->groups, count, sizeof(*groups));
		if (!groups)
			return fail_memory(err);
		for (uint64_t i = out->count; i < count; i++)
			groups[i] = (struct bitmap){ 0 };
		out->groups = groups;
		out->count = count;
	}
	if (out->groups[group].bits == 0 &&
	    !bitmap_init(&out->groups[group], GROUP))
		return fail_memory(err);
	return 0;
}

static int count_write(struct output *base, struct iovec *iov, unsigned count,
		       uint64_t offset, struct savetool_error *err)
{
	struct output_count *out = (struct output_count *)base;
	uint64_t size = 0, block = offset / BLOCK, end;

	for (unsigned i = 0; i < count; i++)
		size += iov[i].iov_len;
	end = size ? (offset + size + BLOCK - 1) / BLOCK : block;
	while (block < end) {
		uint64_t first = block % GROUP, most = GROUP - first;

		if (most > end - block)
			most = end - block;
		if (make_space(out, block / GROUP, err) < 0)
			return -1;
		bitmap_set_range(&out->groups[block / GROUP], first, most);
		block += most;
	}
	return 0;
}

/* If only a part of a block is punched, the rest of it is still there. */
static int count_punch(struct output *base, uint64_t offset, uint64_t length,
		       struct savetool_error *err)
{
	struct output_count *out = (struct output_count *)base;
	uint64_t block = (offset + BLOCK - 1) / BLOCK;
	uint64_t end = (offset + length) / BLOCK;

	(void)err;
	for (; block < end && block / GROUP < out->count; block++) {
		struct bitmap *group = &out->groups[block / GROUP];

		if (group->bits != 0)
			bitmap_clear_range(group, block % GROUP, 1);
	}
	return 0;
}

static int count_commit(struct output *out, struct savetool_error *err)
{
	(void)out;
	(void)err;
	return 0;
}

static void count_close(struct output *base)
{
	struct output_count *out = (struct output_count *)base;

	for (uint64_t i = 0; i < out->count; i++)
		if (out->groups[i].bits != 0)
			bitmap_free(&out->groups[i]);
	free(out->groups);
	free(out);
}

static const struct output_ops ops = {
	.write_at = count_write,
	.punch = count_punch,
	.commit = count_commit,
	.close = count_close,
};

int output_open_count(struct output **out, struct savetool_error *err)
{
	struct output_count *counter = calloc(1, sizeof(*counter));

	if (!counter)
		return fail_memory(err);
	counter->base.ops = &ops;
	counter->base.seekable = true;
	*out = &counter->base;
	return 0;
}

uint64_t output_counted(const struct output *base)
{
	const struct output_count *out = (const struct output_count *)base;
	uint64_t blocks = 0;

	for (uint64_t i = 0; i < out->count; i++)
		if (out->groups[i].bits != 0)
			blocks += bitmap_count(&out->groups[i], 0, GROUP);
	return blocks * BLOCK;
}
