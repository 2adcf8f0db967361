/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the disk space with the memory that will be extracted. */
#include "config.h"

#include "extract/memory_space.h"

#include "inspect/describe.h"
#include "io/space.h"

#include <string.h>

static bool is_placed(const char *name, const struct ram_layout *blocks,
		      const struct ram_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(blocks->blocks[places->list[i].block].name, name) ==
		    0)
			return true;
	return false;
}

/* Pages with data; SAVETOOL_UNKNOWN if nobody has counted them. */
static uint64_t counted_bytes(const struct savetool_info *info,
			      const struct ram_layout *blocks,
			      const struct ram_places *places)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->block_count; i++) {
		const struct savetool_block *block = &info->blocks[i];
		uint64_t pages = block->pages_present;

		if (!is_placed(block->name, blocks, places))
			continue;
		if (pages == SAVETOOL_UNKNOWN)
			return SAVETOOL_UNKNOWN;
		if (block->pages_zero != SAVETOOL_UNKNOWN)
			pages -= block->pages_zero;
		bytes += pages * block->page_size;
	}
	return bytes;
}

/* Otherwise no more than the stream has, nor than there is a place for. */
static uint64_t data_bytes(const struct savetool_info *info,
			   const struct ram_layout *blocks,
			   const struct ram_places *places)
{
	uint64_t bytes = counted_bytes(info, blocks, places), most = 0;

	if (bytes != SAVETOOL_UNKNOWN)
		return bytes;
	for (size_t i = 0; i < places->count; i++)
		most += places->list[i].length;
	bytes = info->sizes.logical - info->stream_offset;
	return bytes < most ? bytes : most;
}

int memory_space_check(struct output *out, struct savetool_image *image,
		       const struct ram_layout *blocks,
		       const struct ram_places *places,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	const struct description *look;
	const struct savetool_info *info;
	uint64_t space, needed;

	if (image_codec(image) || !image_is_repeatable(image) ||
	    !image_file_input(image)->seekable)
		return 0;
	if (space_of(out, &space, err) < 0)
		return -1;
	if (space == SAVETOOL_UNKNOWN)
		return 0;
	if (describe_once(image, monitor, &look, err) < 0)
		return -1;
	info = &look->info;
	needed = data_bytes(info, blocks, places);
	if (needed > space && !info->scanned) {
		if (savetool_image_describe(image, true, monitor, &info, err) <
		    0)
			return -1;
		needed = data_bytes(info, blocks, places);
	}
	output_expect(out, needed);
	return space_compare(needed, space, err);
}
