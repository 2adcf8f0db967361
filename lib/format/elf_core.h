/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's memory as an ELF core: a PT_LOAD for each range, with its
 * guest-physical address in p_paddr, and a PT_NOTE for the processors.  QEMU
 * writes the same: dump/dump.c.
 */
#ifndef FORMAT_ELF_CORE_H
#define FORMAT_ELF_CORE_H

#include "ram/places.h"

struct elf_core {
	uint16_t machine; /* EM_… */
	bool big_endian;

	/* The notes, in the order in which they were added. */
	uint8_t *notes;
	size_t notes_size;

	/*
	 * What they may take in the end.  They lie ahead of the memory, for
	 * crash(8) looks nowhere else.
	 */
	size_t notes_most;
};

/* Frees the notes. */
void elf_core_release(struct elf_core *core);

/* Integers of its byte order. */
void elf_core_put16(const struct elf_core *core, void *to, uint16_t value);
void elf_core_put32(const struct elf_core *core, void *to, uint32_t value);
void elf_core_put64(const struct elf_core *core, void *to, uint64_t value);

uint32_t elf_core_get32(const struct elf_core *core, const uint8_t *from);

int elf_core_add_note(struct elf_core *core, const char *name, uint32_t type,
		      const void *data, size_t size,
		      struct savetool_error *err);

/* A note as it is, with its header. */
int elf_core_add_whole_note(struct elf_core *core, const void *note,
			    size_t size, struct savetool_error *err);

/*
 * Gives each of the ranges, which are sorted, a place in the file, in their
 * order: to[i] is where ranges[i] goes.  notes_most must have been set.
 */
int elf_core_place(const struct elf_core *core, struct ram_places *to,
		   const struct ram_places *ranges, struct savetool_error *err);

/* Writes all but the memory itself, and sets the position to the end. */
int elf_core_write(const struct elf_core *core, struct output *out,
		   const struct ram_places *to, const struct ram_places *ranges,
		   struct savetool_error *err);

#endif
