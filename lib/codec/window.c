/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A buffer that moves forwards over an input. */
#include "config.h"

#include "codec/window.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

int window_init(struct window *window, struct input *in, uint64_t offset,
		size_t size, struct savetool_error *err)
{
	*window = (struct window){
		.in = in,
		.offset = offset,
		.data = malloc(size),
		.size = size,
	};
	if (!window->data)
		return fail_memory(err);
	window->next = window->data;
	return 0;
}

void window_release(struct window *window)
{
	free(window->data);
	window->data = NULL;
}

int window_fill(struct window *window, size_t size, struct savetool_error *err)
{
	size_t got;

	if (window->left >= size || window->ended)
		return 0;
	memmove(window->data, window->next, window->left);
	window->next = window->data;
	if (input_read_all(window->in, window->data + window->left,
			   window->size - window->left,
			   window->offset + window->left, &got, err) < 0)
		return -1;
	window->ended = got < window->size - window->left;
	window->left += got;
	return 0;
}

void window_consume(struct window *window, size_t size)
{
	window->next += size;
	window->left -= size;
	window->offset += size;
}

int window_skip_zeros(struct window *window, struct savetool_error *err)
{
	size_t zeros;

	do {
		if (window_fill(window, 1, err) < 0)
			return -1;
		zeros = 0;
		while (zeros < window->left && window->next[zeros] == 0)
			zeros++;
		window_consume(window, zeros);
	} while (zeros > 0 && window->left == 0);
	return 0;
}
