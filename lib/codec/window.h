/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packed bytes that come next, of an input that is read forwards. */
#ifndef CODEC_WINDOW_H
#define CODEC_WINDOW_H

#include "io/input.h"

struct window {
	struct input *in;
	uint64_t offset; /* of the byte at next, in the input */
	uint64_t member; /* where the one begins that member_find() found */
	bool alone;      /* nothing should follow that one */
	const uint8_t *next;
	size_t left; /* how many are visible from next on */
	bool ended;  /* the input has none behind them */
	uint8_t *data;
	size_t size;
};

/* Over an input that stays the caller's.  size is the most ever visible. */
int window_init(struct window *window, struct input *in, uint64_t offset,
		size_t size, struct savetool_error *err);
void window_release(struct window *window);

/* Makes size bytes visible, fewer only if the input ends before. */
int window_fill(struct window *window, size_t size, struct savetool_error *err);

/* Passes over visible bytes. */
void window_consume(struct window *window, size_t size);

/* Passes over zero bytes, of any number. */
int window_skip_zeros(struct window *window, struct savetool_error *err);

#endif
