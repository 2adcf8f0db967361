/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a codec makes of the layer below: it can be read only forwards. */
#include "config.h"

#include "outer/layer.h"

#include "base/error.h"

#include <stdlib.h>

static int codec_open(struct input **in, const struct layer *layer,
		      struct input *below, struct savetool_error *err)
{
	return codec_unpack(layer->codec, in, below, layer->start, err);
}

static void codec_release(struct layer *layer)
{
	free(layer);
}

static const struct layer_ops codec_ops = {
	.open = codec_open,
	.release = codec_release,
};

int layer_codec_new(struct layer **result, struct layer *below,
		    const struct codec *codec, uint64_t start,
		    struct savetool_error *err)
{
	struct layer *layer = calloc(1, sizeof(*layer));

	if (!layer)
		return fail_memory(err);
	if (layer_put(layer, &codec_ops, below, err) < 0) {
		free(layer);
		return -1;
	}
	layer->codec = codec;
	layer->start = start;
	*result = layer;
	return 0;
}
