/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which bytes of a file are the image.  A stack of layers answers that: the
 * file at the bottom, and on it whatever has to be decompressed or looked up to
 * get at the image.  Each layer wraps the one below and knows nothing else.
 *
 * A layer is a description and is read through inputs.  Bytes that can be read
 * only forwards need an input for each reader, and so does all that is above
 * them: struct layer_inputs holds those of one reader.
 *
 * To add a kind of layer, such as a snapshot in a disk, write one file here
 * with its struct layer_ops and a function layer_KIND_new(), and add
 *   - one line to the table of image/recognise.c, if it lies in another
 *     layer;
 *   - one line to savetool_image_open(), if it lies at the bottom.
 */
#ifndef OUTER_LAYER_H
#define OUTER_LAYER_H

#include "codec/codec.h"

/* As many layers as can be stacked, the file included. */
#define LAYER_DEPTH 8

struct layer;

struct layer_ops {
	/*
	 * Opens an input of the layer's bytes, the first one at offset 0.
	 * below, an input of the layer below, stays the caller's and outlives
	 * it.  The input is the caller's.  Not called if the layer has a shared
	 * input.
	 */
	int (*open)(struct input **in, const struct layer *layer,
		    struct input *below, struct savetool_error *err);

	/* Frees this layer; the one below is freed afterwards. */
	void (*release)(struct layer *layer);
};

struct layer {
	const struct layer_ops *ops;
	struct layer *below; /* NULL: this is the file */
	unsigned depth;      /* how many are below */
	bool is_file;        /* it is a file, or like one in the layer below:
				not another form of what is below */

	/*
	 * The one input that all readers use: it is seekable, or can be read
	 * only once.  Its holes are the file's own: they take no storage.
	 * NULL: each reader has its own, which ops->open() makes.
	 */
	struct input *shared;

	/* What decompresses the layer below, from this byte on; or NULL. */
	const struct codec *codec;
	uint64_t start;

	/*
	 * Of what is a file in another file: its name there, and how many bytes
	 * it takes, or SAVETOOL_UNKNOWN.  NULL: it is none.
	 */
	const char *name;
	uint64_t stored;
};

/* The inputs of one reader: of the file, and of the layers above it. */
struct layer_inputs {
	unsigned count;
	struct input *in[LAYER_DEPTH];
	bool own[LAYER_DEPTH]; /* not shared */
};

/* The file at the bottom, read by this input, which is always taken over. */
int layer_file_new(struct layer **layer, struct input *file,
		   struct savetool_error *err);

/*
 * What a codec makes of the layer below from this byte on.  Takes over below if
 * it succeeds.  SAVETOOL_UNSUPPORTED if the stack would be too high.
 */
int layer_codec_new(struct layer **layer, struct layer *below,
		    const struct codec *codec, uint64_t start,
		    struct savetool_error *err);

/*
 * All bytes of the layer below, which come by this input, in an unnamed
 * temporary file in this folder.  At most INPUT_BACKLOG of them were read
 * before.  Takes over below if it succeeds.
 */
int layer_spool_new(struct layer **layer, struct layer *below, struct input *in,
		    const char *folder, struct savetool_error *err);

/*
 * For a kind of layer: puts a new one on another.  Fails if the stack would be
 * too high, and below is still the caller's then.
 */
int layer_put(struct layer *layer, const struct layer_ops *ops,
	      struct layer *below, struct savetool_error *err);

/* Frees a whole stack by its highest layer; NULL is fine. */
void layer_free(struct layer *top);

/* The same for the layers above this one; NULL: all of them. */
void layer_free_above(struct layer *top, const struct layer *kept);

/* The file of a stack. */
const struct layer *layer_bottom(const struct layer *layer);

/*
 * Opens what is not open yet of the layers up to this one; all zero is a good
 * start.  If it fails, the inputs still have to be closed.
 */
int layer_open(struct layer_inputs *inputs, const struct layer *layer,
	       struct savetool_error *err);

/* That of a layer that was opened. */
struct input *layer_input(const struct layer_inputs *inputs,
			  const struct layer *layer);

/* Inputs that were never opened are fine. */
void layer_close(struct layer_inputs *inputs);

static inline void cleanup_layer_(struct layer **layer)
{
	layer_free(*layer);
}
#define cleanup_layer __attribute__((cleanup(cleanup_layer_)))

#endif
