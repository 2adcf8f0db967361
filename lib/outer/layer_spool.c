/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layer below, kept in a temporary file to be read back and forth. */
#include "config.h"

#include "outer/layer.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "io/spool.h"

static void spool_release(struct layer *layer)
{
	input_close(layer->shared);
	free(layer);
}

static const struct layer_ops spool_ops = {
	.release = spool_release,
};

int layer_spool_new(struct layer **result, struct layer *below,
		    struct input *in, const char *folder,
		    struct savetool_error *err)
{
	cleanup_input struct input *spool = NULL;
	struct savetool_error broken;
	struct layer *layer;

	if (spool_open(&spool, folder, in, NULL, 0, 0, UINT64_MAX, &broken,
		       err) < 0)
		return -1;
	if (broken.code != SAVETOOL_OK) {
		*err = broken;
		return -1;
	}
	layer = calloc(1, sizeof(*layer));
	if (!layer)
		return fail_memory(err);
	if (layer_put(layer, &spool_ops, below, err) < 0) {
		free(layer);
		return -1;
	}
	layer->shared = steal(spool);
	*result = layer;
	return 0;
}
