/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that was plugged in: virtio-mem, whose state has its address. */
#include "config.h"

#include "extract/layout_internal.h"

#include <string.h>

/* Is this the device that has the block, as a whole? */
static bool has_block(const struct plugged *plugged,
		      const struct ram_block *block)
{
	return plugged->length == block->length &&
	       strncmp(plugged->path, block->name, strlen(plugged->path)) == 0;
}

int layout_find_devices(struct layout *layout, const struct guest *guest,
			struct savetool_error *err)
{
	for (unsigned i = 0; i < guest->plugged_count; i++) {
		const struct plugged *plugged = &guest->plugged[i];

		for (unsigned j = 0; j < guest->layout->count; j++) {
			const struct ram_place place = {
				.block = j,
				.length = plugged->length,
				.to = plugged->address,
			};

			if (has_block(plugged, &guest->layout->blocks[j]) &&
			    place.to % guest->layout->page_size == 0 &&
			    place.to < INT64_MAX - place.length &&
			    ram_places_fill(&layout->places, &place, err) < 0)
				return -1;
		}
	}
	return 0;
}
