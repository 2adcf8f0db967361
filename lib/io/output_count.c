/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what would be written. */
#include "config.h"

#include "io/output_count.h"

#include "base/error.h"

#include <stdlib.h>

#define BLOCK UINT64_C(4096)

struct output_count {
	struct output base;
	uint64_t blocks;
	uint64_t last; /* that was counted, and 1; 0: none yet */
};

static int count_write(struct output *base, struct iovec *iov, unsigned count,
		       uint64_t offset, struct st_error *err)
{
	struct output_count *out = (struct output_count *)base;
	uint64_t size = 0, first, end;

	(void)err;
	for (unsigned i = 0; i < count; i++)
		size += iov[i].iov_len;
	if (size == 0)
		return 0;
	first = offset / BLOCK;
	end = (offset + size + BLOCK - 1) / BLOCK;
	/* Writes that adjoin share a block. */
	if (first + 1 == out->last)
		first++;
	out->blocks += end > first ? end - first : 0;
	out->last = end;
	return 0;
}

static int count_punch(struct output *base, uint64_t offset, uint64_t length,
		       struct st_error *err)
{
	struct output_count *out = (struct output_count *)base;

	(void)offset;
	(void)err;
	out->blocks -= length / BLOCK;
	return 0;
}

static int count_commit(struct output *out, struct st_error *err)
{
	(void)out;
	(void)err;
	return 0;
}

static void count_close(struct output *out)
{
	free(out);
}

static const struct output_ops ops = {
	.write_at = count_write,
	.punch = count_punch,
	.commit = count_commit,
	.close = count_close,
};

int output_open_count(struct output **out, struct st_error *err)
{
	struct output_count *counter = calloc(1, sizeof(*counter));

	if (!counter)
		return fail_memory(err);
	counter->base.ops = &ops;
	counter->base.seekable = true;
	*out = &counter->base;
	return 0;
}

uint64_t output_counted(const struct output *out)
{
	return ((const struct output_count *)out)->blocks * BLOCK;
}
