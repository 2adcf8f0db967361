/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives addresses to blocks and to the main memory. */
#include "config.h"

#include "extract/layout_internal.h"

int place_part(struct layout *layout, const struct ram_block *block,
	       uint64_t offset, uint64_t length, uint64_t address,
	       struct savetool_error *err)
{
	const struct ram_place place = {
		.block = block->index,
		.offset = offset,
		.length = length,
		.to = address,
	};

	return ram_places_cover(&layout->places, &place, err);
}

int place_block(struct layout *layout, const struct ram_block *block,
		uint64_t address, struct savetool_error *err)
{
	if (!block)
		return 0;
	return place_part(layout, block, 0, block->length, address, err);
}

int place_main(struct layout *layout, const struct guest *guest,
	       const struct main_memory *memory, uint64_t offset,
	       uint64_t length, uint64_t address, struct savetool_error *err)
{
	for (unsigned i = 0; i < memory->count && length > 0; i++) {
		const struct ram_block *block =
			&guest->layout->blocks[memory->blocks[i]];
		struct ram_place place = { .block = block->index,
					   .offset = offset,
					   .to = address };

		if (offset >= block->length) {
			offset -= block->length;
			continue;
		}
		place.length = block->length - offset;
		if (place.length > length)
			place.length = length;
		if (ram_places_fill(&layout->places, &place, err) < 0)
			return -1;
		address += place.length;
		length -= place.length;
		offset = 0;
	}
	return 0;
}
