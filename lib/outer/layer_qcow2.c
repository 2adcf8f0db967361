/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VM state of a snapshot in the qcow2 file below. */
#include "config.h"

#include "outer/layer_qcow2.h"

#include "base/error.h"

#include <stdlib.h>

struct layer_qcow2 {
	struct layer base;
	const struct qcow2 *qcow2;
	unsigned index; /* of the snapshot */
};

static int state_open(struct input **in, const struct layer *base,
		      struct input *below, struct savetool_error *err)
{
	const struct layer_qcow2 *layer = (const struct layer_qcow2 *)base;

	return qcow2_open_state(in, layer->qcow2, layer->index, below, err);
}

static void state_release(struct layer *layer)
{
	free(layer);
}

static const struct layer_ops state_ops = {
	.open = state_open,
	.release = state_release,
};

int layer_qcow2_new(struct layer **result, struct layer *below,
		    const struct qcow2 *qcow2, unsigned index,
		    struct savetool_error *err)
{
	struct layer_qcow2 *layer = calloc(1, sizeof(*layer));

	if (!layer)
		return fail_memory(err);
	if (layer_put(&layer->base, &state_ops, below, err) < 0) {
		free(layer);
		return -1;
	}
	layer->base.is_file = true;
	layer->qcow2 = qcow2;
	layer->index = index;
	*result = &layer->base;
	return 0;
}
