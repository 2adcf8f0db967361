/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which memory blocks are the main memory of the guest. */
#include "config.h"

#include "extract/layout_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What QEMU calls it unless the user has named it. */
static const struct {
	const char *name;
	enum machine_kind kind; /* if only one kind has it */
} names[] = {
	{ "pc.ram", MACHINE_UNKNOWN },
	{ "microvm.ram", MACHINE_MICROVM },
	{ "mach-virt.ram", MACHINE_ARM_VIRT },
	{ "riscv_virt_board.ram", MACHINE_RISCV_VIRT },
	{ "loongarch.ram", MACHINE_LOONGARCH_VIRT },
	{ "s390.ram", MACHINE_FLAT },
	{ "ppc_spapr.ram", MACHINE_FLAT },
};

/* Other blocks that only one of these has. */
static const struct {
	const char *name;
	enum machine_kind kind;
} marks[] = {
	{ "riscv_virt_board.mrom", MACHINE_RISCV_VIRT },
	{ "virt.flash0", MACHINE_ARM_VIRT },
	{ "loongarch.bios", MACHINE_LOONGARCH_VIRT },
	{ "virt.flash1", MACHINE_ARM_VIRT },
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* Machine types up to 4.0 name a memory backend so. */
static const char *plain(const char *name)
{
	static const char backend[] = "/objects/";

	return strncmp(name, backend, strlen(backend)) == 0 ?
		       name + strlen(backend) :
		       name;
}

const struct ram_block *find_block(const struct guest *guest, const char *name)
{
	for (unsigned i = 0; i < guest->layout->count; i++)
		if (strcmp(plain(guest->layout->blocks[i].name), name) == 0)
			return &guest->layout->blocks[i];
	return NULL;
}

static bool starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static enum machine_kind kind_by_blocks(const struct guest *guest)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].kind != MACHINE_UNKNOWN &&
		    find_block(guest, names[i].name))
			return names[i].kind;
	for (size_t i = 0; i < COUNT(marks); i++)
		if (find_block(guest, marks[i].name))
			return marks[i].kind;
	return MACHINE_UNKNOWN;
}

enum machine_kind machine_kind(const struct guest *guest)
{
	const char *machine = guest->machine ? guest->machine : "";

	if (starts(machine, "pc-q35") || guest_device(guest, "mch"))
		return MACHINE_Q35;
	if (starts(machine, "pc-") || guest_device(guest, "I440FX"))
		return MACHINE_I440FX;
	if (strcmp(machine, "microvm") == 0)
		return MACHINE_MICROVM;
	if (strcmp(machine, "isapc") == 0 || starts(machine, "pseries") ||
	    starts(machine, "s390-ccw-virtio"))
		return MACHINE_FLAT;
	if (machine[0] && !starts(machine, "virt"))
		return MACHINE_UNKNOWN;
	return kind_by_blocks(guest);
}

bool machine_is_older(const char *machine, unsigned major, unsigned minor)
{
	const char *version = machine ? strrchr(machine, '-') : NULL;
	unsigned its_major, its_minor;

	if (!version || !isdigit((unsigned char)version[1]) ||
	    sscanf(version + 1, "%3u.%3u", &its_major, &its_minor) != 2)
		return false;
	return its_major < major || (its_major == major && its_minor < minor);
}

/* What libvirt calls memory that is plugged in, not the main one. */
static bool is_plugged(const char *name)
{
	return starts(name, "memdimm") || starts(name, "memnvdimm") ||
	       starts(name, "memvirtiomem") || starts(name, "memvirtiopmem");
}

static bool is_backend(const struct ram_block *block)
{
	return !block->prefilled && !is_plugged(plain(block->name));
}

/* The digits that a name ends with. */
static const char *number_of(const char *name)
{
	const char *end = name + strlen(name);

	while (end > name && isdigit((unsigned char)end[-1]))
		end--;
	return end;
}

static bool are_siblings(const char *a, const char *b)
{
	size_t length = (size_t)(number_of(a) - a);

	return length > 0 && *number_of(a) && *number_of(b) &&
	       length == (size_t)(number_of(b) - b) &&
	       strncmp(a, b, length) == 0;
}

static void add(struct main_memory *memory, const struct ram_block *block)
{
	memory->blocks[memory->count++] = block->index;
	memory->length += block->length;
}

/* By the number in its name, which is that of the NUMA node. */
static void add_by_number(struct main_memory *memory,
			  const struct ram_layout *layout,
			  const struct ram_block *block)
{
	unsigned long number = strtoul(number_of(block->name), NULL, 10);
	unsigned at;

	add(memory, block);
	for (at = memory->count - 1; at > 0; at--) {
		const char *before =
			layout->blocks[memory->blocks[at - 1]].name;

		if (strtoul(number_of(before), NULL, 10) <= number)
			break;
		memory->blocks[at] = memory->blocks[at - 1];
	}
	memory->blocks[at] = block->index;
}

/* All backends that are named as this one, but for the number. */
static void take_siblings(struct main_memory *memory,
			  const struct ram_layout *layout, unsigned first)
{
	const char *name = plain(layout->blocks[first].name);

	memory->count = 0;
	memory->length = 0;
	for (unsigned i = 0; i < layout->count; i++)
		if (i == first ||
		    (is_backend(&layout->blocks[i]) &&
		     are_siblings(name, plain(layout->blocks[i].name))))
			add_by_number(memory, layout, &layout->blocks[i]);
}

/* The one name that QEMU itself gives it. */
static bool find_named(struct main_memory *memory,
		       const struct ram_layout *layout)
{
	for (unsigned i = 0; i < layout->count; i++)
		for (size_t j = 0; j < COUNT(names); j++)
			if (strcmp(plain(layout->blocks[i].name),
				   names[j].name) == 0) {
				add(memory, &layout->blocks[i]);
				return true;
			}
	return false;
}

/*
 * Is this group of backends the main memory?  By its length, or by libvirt's
 * name for it, or because there is no other.
 */
static bool is_main(const struct main_memory *memory,
		    const struct ram_layout *layout, unsigned first,
		    unsigned backends, uint64_t length)
{
	if (length != SAVETOOL_UNKNOWN)
		return memory->length == length;
	return memory->count == backends ||
	       starts(plain(layout->blocks[first].name), "ram-node");
}

void main_memory_find(struct main_memory *memory,
		      const struct ram_layout *layout, uint64_t length)
{
	unsigned backends = 0;

	memory->count = 0;
	memory->length = 0;
	if (find_named(memory, layout))
		return;
	for (unsigned i = 0; i < layout->count; i++)
		backends += is_backend(&layout->blocks[i]);
	for (unsigned i = 0; i < layout->count; i++) {
		if (!is_backend(&layout->blocks[i]))
			continue;
		take_siblings(memory, layout, i);
		if (is_main(memory, layout, i, backends, length))
			return;
	}
	memory->count = 0;
	memory->length = 0;
}
