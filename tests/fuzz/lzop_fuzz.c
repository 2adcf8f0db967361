/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as members of an lzop file, whose lengths are added up. */
#include "config.h"

#include "fuzz.h"

#include "codec/lzop_frames.h"

#define WINDOW_SIZE 4096

/* Skips what belongs together, as far as there is so much. */
static void skip(struct window *window, uint64_t size)
{
	struct savetool_error err;

	while (size > 0) {
		uint64_t before = window->offset;
		uint64_t part;

		fuzz_require(window_fill(window, 1, &err) == 0);
		if (window->left == 0)
			break;
		part = size < window->left ? size : window->left;
		window_consume(window, part);
		fuzz_require(window->offset == before + part);
		size -= part;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lzop_frames frames = { .position = LZOP_AT_HEADER };
	struct savetool_error err;
	struct window window;
	struct input *in;
	uint64_t length = 0;

	fuzz_require(input_open_memory(&in, data, size, &err) == 0);
	fuzz_require(window_init(&window, in, 0, WINDOW_SIZE, &err) == 0);
	while (length < UINT64_MAX && window.offset < size) {
		if (lzop_frames_next(&frames, &window, &length, &err) < 0)
			break;
		/* A length that nothing says, and the end of a member. */
		fuzz_require((length == UINT64_MAX) ==
			     (frames.position == LZOP_LOST));
		if (length == 0) {
			fuzz_require(frames.position == LZOP_AT_END);
			frames.position = LZOP_AT_HEADER;
		} else if (length < UINT64_MAX) {
			skip(&window, length);
		}
	}
	window_release(&window);
	input_close(in);
	return 0;
}
