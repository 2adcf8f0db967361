/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks of layers, and the inputs of one reader of a stack. */
#include "config.h"

#include "outer/layer.h"

#include "base/error.h"

int layer_put(struct layer *layer, const struct layer_ops *ops,
	      struct layer *below, struct savetool_error *err)
{
	if (below->depth + 1 >= LAYER_DEPTH)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "nested too deeply: more than %d layers",
			    LAYER_DEPTH);
	layer->ops = ops;
	layer->below = below;
	layer->depth = below->depth + 1;
	return 0;
}

void layer_free(struct layer *top)
{
	layer_free_above(top, NULL);
}

void layer_free_above(struct layer *top, const struct layer *kept)
{
	while (top && top != kept) {
		struct layer *below = top->below;

		top->ops->release(top);
		top = below;
	}
}

const struct layer *layer_bottom(const struct layer *layer)
{
	while (layer->below)
		layer = layer->below;
	return layer;
}

/* The one that is this far from the bottom. */
static const struct layer *find_depth(const struct layer *layer, unsigned depth)
{
	while (layer->depth > depth)
		layer = layer->below;
	return layer;
}

int layer_open(struct layer_inputs *inputs, const struct layer *layer,
	       struct savetool_error *err)
{
	while (inputs->count <= layer->depth) {
		unsigned i = inputs->count;
		const struct layer *next = find_depth(layer, i);

		inputs->own[i] = !next->shared;
		inputs->in[i] = next->shared;
		if (!next->shared &&
		    next->ops->open(&inputs->in[i], next,
				    i > 0 ? inputs->in[i - 1] : NULL, err) < 0)
			return -1;
		inputs->count++;
	}
	return 0;
}

struct input *layer_input(const struct layer_inputs *inputs,
			  const struct layer *layer)
{
	return inputs->in[layer->depth];
}

void layer_close(struct layer_inputs *inputs)
{
	while (inputs->count > 0) {
		inputs->count--;
		if (inputs->own[inputs->count])
			input_close(inputs->in[inputs->count]);
	}
}
