/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pass over the stream of an opened image: everything that is read from it
 * on the way.  The image itself stays as it was opened, so a seekable image can
 * have several passes at the same time; one that comes through a pipe can have
 * only one, unless it was kept in a temporary file.
 */
#ifndef IMAGE_PASS_H
#define IMAGE_PASS_H

#include "base/bitmap.h"
#include "image/image.h"

struct clear_data;

struct pass {
	struct savetool_image *image;
	struct input *in;           /* what the stream is read from */
	struct layer_inputs inputs; /* our own, unless the image's are read */
	struct chunk_pool *pool;    /* to read by */
	struct stream stream;
	struct tail *tail;      /* found ahead, or read; else NULL */
	struct tail *hint;      /* found, but maybe another image's; or NULL */
	struct bitmap *bitmaps; /* one a block, if read; else NULL */
	unsigned bitmap_count;
	struct clear_data *clear_data; /* that allocation_clear_data() keeps */
	bool strays;        /* ignore bits after the last page of a bitmap */
	uint64_t lost;      /* bytes of memory in holes that may be gone */
	bool forwards;      /* memory is mapped-ram, and comes by the reader */
	struct input *rest; /* what pass_keep_rest() has kept; or NULL */
};

/* A pass that has not begun; it can be ended. */
#define PASS_INIT                                                              \
	{                                                                      \
		.image = NULL                                                  \
	}

/*
 * Begins at the stream's first byte.  What is compressed is decompressed anew.
 * A stream that cannot be read back and forth, because it is compressed or
 * comes through a pipe, but has to be, is kept in an unnamed temporary file:
 * one of mapped-ram, or with a device before memory.  So is one from a pipe
 * whose image says that it will be read again.
 *
 * If it fails, the pass still has to be ended.
 */
int pass_begin(struct pass *pass, struct savetool_image *image,
	       struct savetool_error *err);

/*
 * The same, but a mapped-ram stream that comes forwards only is not kept, if it
 * can be read as it comes: pass->forwards.  Then walk() is all that can follow,
 * or pass_keep().
 */
int pass_begin_forwards(struct pass *pass, struct savetool_image *image,
			struct savetool_error *err);

/* What was not kept is now, as if pass_begin() had begun the pass. */
int pass_keep(struct pass *pass, struct savetool_error *err);

/*
 * In the middle of a walk: keeps all that the reader has not consumed yet, and
 * goes on with that.
 */
int pass_keep_rest(struct pass *pass, struct savetool_error *err);

/* The same, and finds the tail in it, for what only the vmdesc says. */
int pass_see_end(struct pass *pass, struct savetool_error *err);

/* One that has not begun is fine. */
void pass_end(struct pass *pass);

/* By content: compressed, else by the layout of the stream. */
enum savetool_format pass_format(const struct pass *pass);

/* From now on, the tail that was found ahead is a hint and no more. */
void pass_distrust_tail(struct pass *pass);

/*
 * Once the stream was read up to the tail: the tail.  What was found ahead is
 * that if it starts there, however long it is.
 */
int pass_read_tail(struct pass *pass, struct savetool_error *err);

/* Of a mapped-ram image whose list was read: the bitmaps of all blocks. */
int pass_read_bitmaps(struct pass *pass, struct savetool_error *err);

static inline void cleanup_pass_(struct pass *pass)
{
	pass_end(pass);
}
#define cleanup_pass __attribute__((cleanup(cleanup_pass_)))

#endif
