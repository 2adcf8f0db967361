/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bottom of a stack: a file, a block device, or what comes by a pipe. */
#include "config.h"

#include "outer/layer.h"

#include "base/error.h"

#include <stdlib.h>

static void file_release(struct layer *layer)
{
	input_close(layer->shared);
	free(layer);
}

static const struct layer_ops file_ops = {
	.release = file_release,
};

int layer_file_new(struct layer **result, struct input *file,
		   struct savetool_error *err)
{
	struct layer *layer = calloc(1, sizeof(*layer));

	if (!layer) {
		input_close(file);
		return fail_memory(err);
	}
	layer->shared = file;
	layer->ops = &file_ops;
	layer->is_file = true;
	*result = layer;
	return 0;
}
