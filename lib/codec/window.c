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

/* Bytes read at a time: they stay in the processor's cache. */
#define WINDOW_READ (256 << 10)

int window_fill(struct window *window, size_t size, struct savetool_error *err)
{
	size_t got, ask;

	if (window->left >= size || window->ended)
		return 0;
	memmove(window->data, window->next, window->left);
	window->next = window->data;
	ask = size - window->left;
	if (ask < WINDOW_READ)
		ask = WINDOW_READ;
	if (ask > window->size - window->left)
		ask = window->size - window->left;
	if (input_read_all(window->in, window->data + window->left, ask,
			   window->offset + window->left, &got, err) < 0)
		return -1;
	window->ended = got < ask;
	window->left += got;
	return 0;
}

int window_put_back(struct window *window, const void *data, size_t size,
		    struct savetool_error *err)
{
	if (size == 0)
		return 0;
	if (size + window->left > window->size) {
		uint8_t *larger = malloc(size + window->left);

		if (!larger)
			return fail_memory(err);
		memcpy(larger + size, window->next, window->left);
		free(window->data);
		window->data = larger;
		window->size = size + window->left;
	} else {
		memmove(window->data + size, window->next, window->left);
	}
	memcpy(window->data, data, size);
	window->next = window->data;
	window->left += size;
	window->offset -= size;
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
