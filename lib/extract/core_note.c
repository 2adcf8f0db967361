/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the guest's memory back from a core, and notes in it. */
#include "config.h"

#include "extract/core_note.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int core_memory_begin(struct core_memory *memory, struct output *out,
		      const struct ram_places *places,
		      const struct ram_places *ranges,
		      struct savetool_error *err)
{
	struct stat st;

	if (output_flush(out, err) < 0)
		return -1;
	if (fstat(output_fd(out), &st) < 0)
		return fail_errno(err, "cannot examine");
	*memory = (struct core_memory){
		.out = out,
		.places = places,
		.ranges = ranges,
		.end = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : UINT64_MAX,
	};
	return 0;
}

/* 1, or 0 if not all of it is memory. */
static int read_memory(const struct core_memory *memory, uint64_t address,
		       uint8_t *bytes, size_t size, struct savetool_error *err)
{
	const struct ram_places *ranges = memory->ranges;

	for (size_t i = 0; i < ranges->count && size > 0; i++) {
		const struct ram_place *range = &ranges->list[i];
		uint64_t skipped = address - range->to;
		uint64_t to = memory->places->list[i].to + skipped;
		size_t part = size;

		if (address < range->to || skipped >= range->length)
			continue;
		if (part > range->length - skipped)
			part = range->length - skipped;
		if (to > memory->end || part > memory->end - to)
			return 0;
		if (output_read_at(memory->out, bytes, part, to, err) < 0)
			return -1;
		address += part;
		bytes += part;
		size -= part;
	}
	return size == 0;
}

int core_note_read(struct core_note *note, const struct elf_core *core,
		   const struct core_memory *memory, uint64_t address,
		   uint64_t most, struct savetool_error *err)
{
	uint8_t head[CORE_NOTE_HEAD];
	int more = read_memory(memory, address, head, sizeof(head), err);

	if (more <= 0)
		return more;
	note->name_size = elf_core_get32(core, head);
	note->content_size = elf_core_get32(core, head + 4);
	note->size = CORE_NOTE_HEAD + round_up(note->name_size, 4) +
		     round_up(note->content_size, 4);
	if (note->name_size > CORE_NOTE_PART ||
	    note->content_size > CORE_NOTE_PART || note->size > most)
		return 0;
	note->bytes = malloc(note->size + 1);
	if (!note->bytes)
		return fail_memory(err);
	note->bytes[note->size] = '\0';
	more = read_memory(memory, address, note->bytes, note->size, err);
	if (more > 0)
		return 1;
	core_note_free(note);
	return more;
}

const char *core_note_content(const struct core_note *note)
{
	return (const char *)note->bytes + CORE_NOTE_HEAD +
	       round_up(note->name_size, 4);
}

void core_note_free(struct core_note *note)
{
	free(note->bytes);
	note->bytes = NULL;
}

bool core_note_equals(const struct core_note *a, const struct core_note *b)
{
	return a->content_size == b->content_size &&
	       memcmp(core_note_content(a), core_note_content(b),
		      a->content_size) == 0;
}
