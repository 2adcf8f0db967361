/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The next compressed bytes of an input that is read forwards. */
#ifndef CODEC_WINDOW_H
#define CODEC_WINDOW_H

#include "io/input.h"

struct window {
	struct input *in;
	uint64_t offset; /* of the byte at next, in the input */
	uint64_t member; /* start of the one that member_find() found */
	bool alone;      /* no other member may follow that one */
	bool passed;     /* there is no other member */
	const uint8_t *next;
	size_t left; /* bytes visible from next on */
	bool ended;  /* the input has none after them */
	uint8_t *data;
	size_t size; /* most that is visible at once */
};

/* Looks at an input that stays the caller's, at most size bytes at once. */
int window_init(struct window *window, struct input *in, uint64_t offset,
		size_t size, struct savetool_error *err);
void window_release(struct window *window);

/* Makes size bytes visible, fewer only if the input ends before. */
int window_fill(struct window *window, size_t size, struct savetool_error *err);

/* Puts bytes that were skipped back before those that are visible. */
int window_put_back(struct window *window, const void *data, size_t size,
		    struct savetool_error *err);

/* Skips visible bytes. */
void window_consume(struct window *window, size_t size);

/* Skips any number of zero bytes. */
int window_skip_zeros(struct window *window, struct savetool_error *err);

#endif
