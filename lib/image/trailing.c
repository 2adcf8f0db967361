/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that follow an image. */
#include "config.h"

#include "image/trailing.h"

#include "base/bytes.h"

uint64_t trailing_start(const struct pass *pass)
{
	const struct ram_list *list = &pass->stream.ram;
	uint64_t end = tail_end(pass->tail);

	for (unsigned i = 0; list->mapped && i < list->layout.count; i++) {
		const struct ram_block *block = &list->layout.blocks[i];
		uint64_t bitmap_end =
			list->headers[i].bitmap_offset +
			bitmap_size(block->length / list->layout.page_size);

		if (list->headers[i].pages_offset != 0 && bitmap_end > end)
			end = bitmap_end;
	}
	return end;
}

uint64_t trailing_length(const struct pass *pass)
{
	uint64_t after = pass->tail->trailing;
	uint64_t moved = trailing_start(pass) - tail_end(pass->tail);

	if (after == SAVETOOL_UNKNOWN)
		return SAVETOOL_UNKNOWN;
	return after > moved ? after - moved : 0;
}

int trailing_find_image(uint64_t *result, const struct pass *pass,
			uint64_t most, struct savetool_error *err)
{
	uint8_t head[LIBVIRT_MAGIC_SIZE];
	uint64_t start;
	size_t got;

	*result = SAVETOOL_UNKNOWN;
	if (tail_find_content(&start, pass->tail, trailing_start(pass), most,
			      err) < 0)
		return -1;
	if (start == SAVETOOL_UNKNOWN)
		return 0;
	if (input_read_all(pass->tail->in, head, sizeof(head), start, &got,
			   err) < 0)
		return -1;
	if (libvirt_is_magic(head, got) ||
	    (got >= 4 && get_be32(head) == STREAM_MAGIC))
		*result = start;
	return 0;
}
