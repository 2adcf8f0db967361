/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's memory as it was written to a core, read back by its addresses,
 * and ELF notes that lie in it.
 */
#ifndef EXTRACT_CORE_NOTE_H
#define EXTRACT_CORE_NOTE_H

#include "format/elf_core.h"

struct core_memory {
	struct output *out;
	const struct ram_places *places, *ranges;
	uint64_t end; /* of what was written; beyond it, nothing can be read */
};

/* All pages have been written to out: the ranges at the places. */
int core_memory_begin(struct core_memory *memory, struct output *out,
		      const struct ram_places *places,
		      const struct ram_places *ranges,
		      struct savetool_error *err);

/* A whole note, with a zero after it. */
struct core_note {
	uint8_t *bytes;
	size_t size, name_size, content_size;
};

/* A note's sizes and type come first. */
#define CORE_NOTE_HEAD 12

/* QEMU takes no longer names and contents from a guest. */
#define CORE_NOTE_PART (1 << 20)
#define CORE_NOTE_MOST (CORE_NOTE_HEAD + 2 * CORE_NOTE_PART)

/*
 * The note at an address: 1, or 0 if there is none of at most so many bytes.
 * It has to be freed.
 */
int core_note_read(struct core_note *note, const struct elf_core *core,
		   const struct core_memory *memory, uint64_t address,
		   uint64_t most, struct savetool_error *err);
void core_note_free(struct core_note *note);

const char *core_note_content(const struct core_note *note);

/* The same content?  What pads it does not count. */
bool core_note_equals(const struct core_note *a, const struct core_note *b);

#endif
