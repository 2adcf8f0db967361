/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory of PCI devices: video memory and ROMs, where the configuration space
 * of the device puts them.
 */
#include "config.h"

#include "base/bytes.h"
#include "extract/layout_internal.h"

#include <string.h>

#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x02
#define PCI_BAR 0x10
#define PCI_ROM 0x30
#define PCI_ROM_ENABLED 0x01

/* Which base address a device of QEMU gives to its memory. */
static const struct {
	const char *device; /* how the name of its section ends */
	const char *block;  /* the same of the block */
	unsigned bar;
} bars[] = {
	{ "vga", "vga.vram", 0 },
	{ "cirrus_vga", "vga.vram", 0 },
	{ "virtio-gpu", "vga.vram", 0 },
	{ "bochs-display", "bochs-display-vram", 0 },
	{ "qxl", "vga.vram", 0 },
	{ "qxl", "qxl.vram", 1 },
	{ "qxl", "qxl.vrom", 2 },
};

/* Before the first slash: "0000:00:02.0" */
static size_t path_length(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && strchr(name, ':') ? (size_t)(slash - name) : 0;
}

static bool same_path(const char *a, const char *b)
{
	size_t length = path_length(a);

	return length > 0 && length == path_length(b) &&
	       memcmp(a, b, length) == 0;
}

/* The address in a base address register; 0: none. */
static uint64_t bar_address(const uint8_t *config, unsigned bar)
{
	const uint8_t *at = config + PCI_BAR + 4 * bar;
	uint32_t low = get_le32(at);

	if (low & 1)
		return 0;
	if ((low & 6) == 4)
		return (low & ~UINT32_C(15)) | (uint64_t)get_le32(at + 4) << 32;
	return low & ~UINT32_C(15);
}

static uint64_t rom_address(const uint8_t *config)
{
	uint32_t rom = get_le32(config + PCI_ROM);

	return rom & PCI_ROM_ENABLED ? rom & ~UINT32_C(0x7ff) : 0;
}

static bool is_rom(const char *name)
{
	return guest_is_called(name, "rom") ||
	       (strlen(name) > 4 &&
		strcmp(name + strlen(name) - 4, ".rom") == 0);
}

/* Where the device shows its block; 0: not at all. */
static uint64_t address_of(const uint8_t *config, const char *device,
			   const char *block)
{
	if (!(config[PCI_COMMAND] & PCI_COMMAND_MEMORY))
		return 0;
	if (is_rom(block))
		return rom_address(config);
	for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++)
		if (guest_is_called(device, bars[i].device) &&
		    guest_is_called(block, bars[i].block))
			return bar_address(config, bars[i].bar);
	return 0;
}

static int place_pci(struct layout *layout, const struct guest *guest,
		     const struct ram_block *block,
		     const struct savetool_device *device,
		     struct savetool_error *err)
{
	uint8_t config[GUEST_PCI_CONFIG];
	struct ram_place place = { .block = block->index,
				   .length = block->length };
	int more = guest_pci_config(guest, device, config, err);

	if (more <= 0)
		return more;
	place.to = address_of(config, device->name, block->name);
	/* Registers of all ones are no address. */
	if (place.to == 0 || place.to > UINT64_MAX / 2 ||
	    place.to % guest->layout->page_size != 0)
		return 0;
	return ram_places_fill(&layout->places, &place, err);
}

int layout_find_pci(struct layout *layout, const struct guest *guest,
		    struct savetool_error *err)
{
	const struct tail *tail = guest->tail;

	for (unsigned i = 0; tail && i < guest->layout->count; i++) {
		const struct ram_block *block = &guest->layout->blocks[i];

		for (unsigned j = 0; j < tail->device_count; j++)
			if (same_path(tail->devices[j].name, block->name) &&
			    place_pci(layout, guest, block, &tail->devices[j],
				      err) < 0)
				return -1;
	}
	return 0;
}
