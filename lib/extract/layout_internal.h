/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the layout. */
#ifndef EXTRACT_LAYOUT_INTERNAL_H
#define EXTRACT_LAYOUT_INTERNAL_H

#include "extract/layout.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

/* The kinds of machines whose addresses are known. */
enum machine_kind {
	MACHINE_UNKNOWN,
	MACHINE_I440FX,
	MACHINE_Q35,
	MACHINE_MICROVM,
	MACHINE_ARM_VIRT,
	MACHINE_RISCV_VIRT,
	MACHINE_LOONGARCH_VIRT,
	MACHINE_FLAT, /* all of its memory from 0 on */
};

/* The blocks that together are the main memory, in its order. */
struct main_memory {
	unsigned count;
	unsigned blocks[RAM_BLOCKS_LIMIT];
	uint64_t length; /* of all */
};

/* By the machine type, or by the name of its memory. */
enum machine_kind machine_kind(const struct guest *guest);

/* Is it older than this release of QEMU?  false for a vendor's: not known. */
bool machine_is_older(const char *machine, unsigned major, unsigned minor);

/*
 * Finds the main memory.  length is what it must add up to; SAVETOOL_UNKNOWN if
 * that is not known.  count is 0 if nothing proves which blocks it is, or their
 * order.
 */
void main_memory_find(struct main_memory *memory,
		      const struct ram_layout *layout, uint64_t length);

/*
 * Places a part of the main memory, which may be in several blocks, where
 * nothing is yet.
 */
int place_main(struct layout *layout, const struct guest *guest,
	       const struct main_memory *memory, uint64_t offset,
	       uint64_t length, uint64_t address, struct savetool_error *err);

/* Places a block as a whole over what is there.  It may be NULL. */
int place_block(struct layout *layout, const struct ram_block *block,
		uint64_t address, struct savetool_error *err);

/* The same for a part of it. */
int place_part(struct layout *layout, const struct ram_block *block,
	       uint64_t offset, uint64_t length, uint64_t address,
	       struct savetool_error *err);

/* A block of this name, or NULL. */
const struct ram_block *find_block(const struct guest *guest, const char *name);

/* x86: main memory and firmware of the kind. */
int layout_find_x86(struct layout *layout, const struct guest *guest,
		    enum machine_kind kind, struct savetool_error *err);

/* Memory of PCI devices where their base addresses say, if they are enabled. */
int layout_find_pci(struct layout *layout, const struct guest *guest,
		    struct savetool_error *err);

/* DIMMs and virtio-mem. */
int layout_find_devices(struct layout *layout, const struct guest *guest,
			struct savetool_error *err);

#endif
