/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the guest sees its memory blocks. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "extract/layout_internal.h"

#include <stdlib.h>
#include <string.h>

/* One piece, from an address on, with firmware that never moves. */
struct fixed {
	const char *name;
	uint64_t address;
};

static int find_fixed(struct layout *layout, const struct guest *guest,
		      const struct fixed *fixed, uint64_t address,
		      struct savetool_error *err)
{
	cleanup_free struct main_memory *memory = malloc(sizeof(*memory));

	if (!memory)
		return fail_memory(err);
	main_memory_find(memory, guest->layout, SAVETOOL_UNKNOWN);
	for (; fixed && fixed->name; fixed++)
		if (place_block(layout, find_block(guest, fixed->name),
				fixed->address, err) < 0)
			return -1;
	return place_main(layout, guest, memory, 0, memory->length, address,
			  err);
}

static const struct fixed arm_virt[] = {
	{ "virt.flash0", 0 },
	{ "virt.flash1", 0x4000000 },
	{ NULL, 0 },
};

static const struct fixed riscv_virt[] = {
	{ "riscv_virt_board.mrom", 0x1000 },
	{ "virt.flash0", 0x20000000 },
	{ "virt.flash1", 0x22000000 },
	{ NULL, 0 },
};

/* The first 256 MiB from 0 on, the rest above the devices. */
static int find_loongarch(struct layout *layout, const struct guest *guest,
			  struct savetool_error *err)
{
	cleanup_free struct main_memory *memory = malloc(sizeof(*memory));
	const uint64_t low = 256 * MIB;

	if (!memory)
		return fail_memory(err);
	main_memory_find(memory, guest->layout, SAVETOOL_UNKNOWN);
	if (place_main(layout, guest, memory, 0, low, 0, err) < 0)
		return -1;
	if (memory->length <= low)
		return 0;
	return place_main(layout, guest, memory, low, memory->length - low,
			  2 * GIB, err);
}

static int find_main(struct layout *layout, const struct guest *guest,
		     struct savetool_error *err)
{
	enum machine_kind kind = machine_kind(guest);

	switch (kind) {
	case MACHINE_I440FX:
	case MACHINE_Q35:
	case MACHINE_MICROVM:
		return layout_find_x86(layout, guest, kind, err);
	case MACHINE_ARM_VIRT:
		return find_fixed(layout, guest, arm_virt, GIB, err);
	case MACHINE_RISCV_VIRT:
		return find_fixed(layout, guest, riscv_virt, 2 * GIB, err);
	case MACHINE_LOONGARCH_VIRT:
		return find_loongarch(layout, guest, err);
	case MACHINE_FLAT:
		return find_fixed(layout, guest, NULL, 0, err);
	case MACHINE_UNKNOWN:
		break;
	}
	return 0;
}

/*
 * What firmware is given by fw_cfg is no memory that the guest sees, and what
 * belongs to a device is one only while the device shows it.
 */
static bool may_be_hidden(const char *name)
{
	static const char *const words[] = { "/rom@", "rom", "vram", "bios",
					     "fw_cfg" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

static void find_unplaced(struct layout *layout, const struct guest *guest)
{
	for (unsigned i = 0; i < guest->layout->count; i++)
		layout->unplaced[i] =
			may_be_hidden(guest->layout->blocks[i].name) ?
				UNPLACED_HIDDEN :
				UNPLACED_UNKNOWN;
	for (size_t i = 0; i < layout->places.count; i++)
		layout->unplaced[layout->places.list[i].block] = PLACED;
}

int layout_find(struct layout *layout, const struct guest *guest,
		struct savetool_error *err)
{
	layout->unplaced =
		calloc(guest->layout->count + 1, sizeof(*layout->unplaced));
	if (!layout->unplaced)
		return fail_memory(err);
	if (find_main(layout, guest, err) < 0 ||
	    layout_find_pci(layout, guest, err) < 0 ||
	    layout_find_devices(layout, guest, err) < 0)
		return -1;
	ram_places_sort(&layout->places);
	find_unplaced(layout, guest);
	return 0;
}

int layout_move(struct layout *layout, const struct ram_block *block,
		uint64_t address, struct savetool_error *err)
{
	struct ram_places *places = &layout->places;
	size_t kept = 0;

	for (size_t i = 0; i < places->count; i++)
		if (places->list[i].block != block->index)
			places->list[kept++] = places->list[i];
	places->count = kept;
	layout->unplaced[block->index] = PLACED;
	if (place_block(layout, block, address, err) < 0)
		return -1;
	ram_places_sort(places);
	return 0;
}

void layout_release(struct layout *layout)
{
	ram_places_free(&layout->places);
	free(layout->unplaced);
	*layout = (struct layout){ .unplaced = NULL };
}
