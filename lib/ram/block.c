/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks of a guest. */
#include "config.h"

#include "ram/block.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *ram_name_of_backend(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/*
 * Nothing in a stream says which blocks are plain RAM.  The name of a block
 * that belongs to a device or to the firmware starts with the device's path
 * ("0000:00:02.0/vga.vram") or "/rom@", or contains a telling word ("pc.bios",
 * "virt.flash0").  Taking a plain block for prefilled costs some pages of
 * zeros; the opposite mistake would lose state.  Machine types before 4.0 name
 * a memory backend "/objects/…".  The memory of a virtio-mem device is main
 * memory, although its name has the device's path ("0000:00:03.0/vmem0"): only
 * libvirt's name for it shows that.
 */
bool ram_name_is_prefilled(const char *name)
{
	static const char *const words[] = { "/",      "rom",  "bios",
					     "flash",  "vram", "firmware",
					     "nvdimm", "pmem" };

	static const char plugged[] = "memvirtiomem";

	if (strncmp(name, "/objects/", strlen("/objects/")) == 0)
		name += strlen("/objects/");
	if (strncmp(ram_name_of_backend(name), plugged, strlen(plugged)) == 0)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

bool ram_name_is_persistent(const char *name)
{
	return strstr(name, "nvdimm") || strstr(name, "pmem");
}

static int check(const struct ram_layout *layout, const char *name,
		 uint64_t length, struct savetool_error *err)
{
	if (layout->count == RAM_BLOCKS_LIMIT)
		return fail(err, SAVETOOL_CORRUPT, "more than %u memory blocks",
			    RAM_BLOCKS_LIMIT);
	if (ram_layout_find(layout, name))
		return fail(err, SAVETOOL_CORRUPT, "duplicate block name");
	if (length % layout->page_size)
		return fail(err, SAVETOOL_CORRUPT,
			    "length %" PRIu64
			    " is not a multiple of the page size %" PRIu64,
			    length, layout->page_size);
	if (length > RAM_LENGTH_LIMIT - layout->length)
		return fail(err, SAVETOOL_CORRUPT,
			    "length %" PRIu64 " is out of range", length);
	return 0;
}

int ram_layout_add(struct ram_layout *layout, const char *name, uint64_t length,
		   struct savetool_error *err)
{
	struct ram_block *blocks, *block;

	if (check(layout, name, length, err) < 0)
		return -1;
	blocks = reallocarray(layout->blocks, layout->count + 1,
			      sizeof(*blocks));
	if (!blocks)
		return fail_memory(err);
	layout->blocks = blocks;
	block = &blocks[layout->count];
	memset(block, 0, sizeof(*block));
	strncpy(block->name, name, sizeof(block->name) - 1);
	block->index = layout->count++;
	block->length = length;
	block->prefilled = ram_name_is_prefilled(name);
	layout->length += length;
	return 0;
}

const struct ram_block *ram_layout_find(const struct ram_layout *layout,
					const char *name)
{
	for (unsigned i = 0; i < layout->count; i++)
		if (strcmp(layout->blocks[i].name, name) == 0)
			return &layout->blocks[i];
	return NULL;
}

void ram_layout_free(struct ram_layout *layout)
{
	free(layout->blocks);
	*layout = (struct ram_layout){ 0 };
}
