/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts bytes over the first ones of another input. */
#include "config.h"

#include "io/input_withheld.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct input_withheld {
	struct input base;
	struct input *below;
	uint8_t bytes[OUTPUT_LAST];
	size_t count; /* of those */
};

static ssize_t withheld_read_at(struct input *base, void *data, size_t size,
				uint64_t offset, struct savetool_error *err)
{
	struct input_withheld *in = (struct input_withheld *)base;
	size_t got;

	if (offset < in->count) {
		if (size > in->count - offset)
			size = in->count - offset;
		memcpy(data, in->bytes + offset, size);
		return (ssize_t)size;
	}
	if (input_read_at(in->below, data, size, offset, &got, err) < 0)
		return -1;
	return (ssize_t)got;
}

static int withheld_extent(struct input *base, uint64_t offset,
			   struct extent *extent, struct savetool_error *err)
{
	struct input_withheld *in = (struct input_withheld *)base;

	if (offset >= in->count)
		return input_extent(in->below, offset, extent, err);
	*extent = (struct extent){
		.offset = offset,
		.length = in->count - offset,
	};
	return 0;
}

static void withheld_close(struct input *base)
{
	struct input_withheld *in = (struct input_withheld *)base;

	input_close(in->below);
	free(in);
}

static const struct input_ops withheld_ops = {
	.read_at = withheld_read_at,
	.extent = withheld_extent,
	.close = withheld_close,
};

int input_open_withheld(struct input **result, struct input *below,
			const struct withheld *withheld,
			struct savetool_error *err)
{
	struct input_withheld *in = calloc(1, sizeof(*in));

	if (!in) {
		input_close(below);
		return fail_memory(err);
	}
	in->base = *below;
	in->base.ops = &withheld_ops;
	in->below = below;
	in->count = withheld->size;
	memcpy(in->bytes, withheld->bytes, in->count);
	*result = &in->base;
	return 0;
}
