/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that was plugged in: virtio-mem, whose state has its address, and
 * DIMMs, whose address only the domain XML has.
 */
#include "config.h"

#include "extract/layout_internal.h"

#include "format/domain_xml.h"

#include <string.h>

/* Is this the device that has the block, as a whole? */
static bool has_block(const struct plugged *plugged,
		      const struct ram_block *block)
{
	return plugged->length == block->length &&
	       strncmp(plugged->path, block->name, strlen(plugged->path)) == 0;
}

/* A whole block, where nothing is yet. */
static int fill_block(struct layout *layout, const struct guest *guest,
		      const struct ram_block *block, uint64_t address,
		      struct savetool_error *err)
{
	const struct ram_place place = {
		.block = block->index,
		.length = block->length,
		.to = address,
	};

	if (address % guest->layout->page_size != 0 ||
	    address >= INT64_MAX - block->length)
		return 0;
	return ram_places_fill(&layout->places, &place, err);
}

static int place_plugged(struct layout *layout, const struct guest *guest,
			 const struct plugged *plugged,
			 struct savetool_error *err)
{
	for (unsigned i = 0; i < guest->layout->count; i++) {
		const struct ram_block *block = &guest->layout->blocks[i];

		if (has_block(plugged, block) &&
		    fill_block(layout, guest, block, plugged->address, err) < 0)
			return -1;
	}
	return 0;
}

/* An XML that cannot be read has none, and what is not placed is reported. */
static int place_dimms(struct layout *layout, const struct guest *guest,
		       struct savetool_error *err)
{
	struct domain_xml *domain = NULL;
	struct savetool_error ignored;
	const struct domain_dimms *dimms;
	int failed = 0;

	if (!guest->xml || domain_xml_parse(&domain, guest->xml, &ignored) < 0)
		return 0;
	dimms = domain_xml_dimms(domain);
	for (unsigned i = 0; i < dimms->count && !failed; i++) {
		const struct ram_block *block =
			find_block(guest, dimms->list[i].block);

		if (block)
			failed = fill_block(layout, guest, block,
					    dimms->list[i].address, err);
	}
	domain_xml_free(domain);
	return failed;
}

int layout_find_devices(struct layout *layout, const struct guest *guest,
			struct savetool_error *err)
{
	for (unsigned i = 0; i < guest->plugged_count; i++)
		if (place_plugged(layout, guest, &guest->plugged[i], err) < 0)
			return -1;
	return place_dimms(layout, guest, err);
}
