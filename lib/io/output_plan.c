/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes nothing. */
#include "config.h"

#include "io/output_plan.h"

#include "base/error.h"

#include <stdlib.h>

struct output_plan {
	struct output base;
	struct tar_plan *plan;
	bool *straight;
};

static int give_up(struct output_plan *out, struct savetool_error *err)
{
	*out->straight = false;
	return fail(err, SAVETOOL_UNSUPPORTED,
		    "what is written is not in the order of the file");
}

static int plan_write_at(struct output *base, struct iovec *iov, unsigned count,
			 uint64_t offset, struct savetool_error *err)
{
	struct output_plan *out = (struct output_plan *)base;

	for (unsigned i = 0; i < count; i++) {
		int noted = tar_plan_write(out->plan, iov[i].iov_base,
					   iov[i].iov_len, offset, err);

		if (noted <= 0)
			return noted < 0 ? -1 : give_up(out, err);
		offset += iov[i].iov_len;
	}
	return 0;
}

static int plan_read_at(struct output *base, void *data, size_t size,
			uint64_t offset, struct savetool_error *err)
{
	(void)data;
	(void)size;
	(void)offset;
	return give_up((struct output_plan *)base, err);
}

/* What was never written is a hole already. */
static int plan_punch(struct output *base, uint64_t offset, uint64_t length,
		      struct savetool_error *err)
{
	struct output_plan *out = (struct output_plan *)base;

	(void)length;
	return offset >= out->plan->end ? 0 : give_up(out, err);
}

static int plan_commit(struct output *base, struct savetool_error *err)
{
	struct output_plan *out = (struct output_plan *)base;
	int complete = tar_plan_complete(out->plan, base->position, err);

	if (complete == 0)
		return give_up(out, err);
	return complete < 0 ? -1 : 0;
}

static void plan_close(struct output *base)
{
	free(base);
}

static const struct output_ops plan_ops = {
	.write_at = plan_write_at,
	.read_at = plan_read_at,
	.punch = plan_punch,
	.commit = plan_commit,
	.close = plan_close,
};

int output_open_plan(struct output **result, struct tar_plan *plan,
		     bool *straight, struct savetool_error *err)
{
	struct output_plan *out = calloc(1, sizeof(*out));

	if (!out)
		return fail_memory(err);
	out->base.ops = &plan_ops;
	out->base.seekable = true;
	out->plan = plan;
	out->straight = straight;
	*straight = true;
	*result = &out->base;
	return 0;
}
