/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the zeros at the end of a file begin. */
#include "config.h"

#include "image/zero_tail.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"

#include <inttypes.h>
#include <stdlib.h>

#define STEP (UINT64_C(1) << 20)

/* Fewer zeros can be the end of anything. */
#define LEAST 4096

/* The offset after the last byte of a piece that is not zero. */
static size_t data_end(const uint8_t *piece, size_t size)
{
	size_t half = size;

	if (is_zero(piece, size))
		return 0;
	while (size > 64) {
		half = size / 2;
		if (!is_zero(piece + half, size - half))
			break;
		size = half;
	}
	while (size > 0 && piece[size - 1] == 0)
		size--;
	return size;
}

/* Is there only a hole from start to end? */
static bool is_hole(struct input *in, uint64_t start, uint64_t end)
{
	struct savetool_error ignored;
	struct extent extent;

	return input_extent(in, start, &extent, &ignored) == 0 && extent.hole &&
	       extent.length >= end - start;
}

/* -1 if it cannot be read, which has been reported already. */
static int find(uint64_t *from, struct input *in)
{
	cleanup_free uint8_t *piece = malloc(STEP);
	struct savetool_error ignored;
	uint64_t end = in->size;

	if (!piece)
		return -1;
	while (end > 0) {
		uint64_t start = (end - 1) / STEP * STEP;
		size_t got, size = end - start;

		if (!is_hole(in, start, end)) {
			if (input_read_all(in, piece, size, start, &got,
					   &ignored) < 0 ||
			    got < size)
				return -1;
			size = data_end(piece, size);
			if (size > 0) {
				*from = start + size;
				return 0;
			}
		}
		end = start;
	}
	*from = 0;
	return 0;
}

/*
 * Zeros that start after the fault are not its cause.  Where a file ends within
 * its header or its slots, zeros before that are its own.
 */
static bool is_cause(uint64_t from, const struct savetool_image *image,
		     const struct savetool_error *err)
{
	uint64_t size = image_file_input(image)->size;

	if (!image->top->is_file)
		return true; /* the place may be in what was decompressed */
	if (err->offset == SAVETOOL_UNKNOWN || from > err->offset + LEAST)
		return false;
	return err->offset + LEAST <= size ||
	       (size > image->payload && !err->block[0]);
}

void zero_tail_explain(const struct savetool_image *image,
		       struct savetool_error *err)
{
	struct input *in = image_file_input(image);
	uint64_t from;

	if ((err->code != SAVETOOL_INCOMPLETE &&
	     err->code != SAVETOOL_CORRUPT &&
	     err->code != SAVETOOL_UNSUPPORTED) ||
	    !in->seekable || in->size == SAVETOOL_UNKNOWN ||
	    find(&from, in) < 0 || from == 0 || in->size - from < LEAST ||
	    !is_cause(from, image, err))
		return;
	fail_as(err, err->code,
		"; everything from byte %" PRIu64 " on is zero: the copy is "
		"not complete",
		from);
	fail_hint(err, SAVETOOL_HINT_COPY_AGAIN);
}
