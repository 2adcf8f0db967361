/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a guest's memory as an ELF core. */
#include "config.h"

#include "format/elf_core.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <elf.h>
#include <string.h>

/* Where segments start: pages stay pages in the file, and holes holes. */
#define SEGMENT_ALIGNMENT 4096

void elf_core_release(struct elf_core *core)
{
	free(core->notes);
	core->notes = NULL;
	core->notes_size = 0;
}

uint32_t elf_core_get32(const struct elf_core *core, const uint8_t *from)
{
	return core->big_endian ? get_be32(from) : get_le32(from);
}

void elf_core_put16(const struct elf_core *core, void *to, uint16_t value)
{
	value = core->big_endian ? htobe16(value) : htole16(value);
	memcpy(to, &value, sizeof(value));
}

void elf_core_put32(const struct elf_core *core, void *to, uint32_t value)
{
	value = core->big_endian ? htobe32(value) : htole32(value);
	memcpy(to, &value, sizeof(value));
}

void elf_core_put64(const struct elf_core *core, void *to, uint64_t value)
{
	value = core->big_endian ? htobe64(value) : htole64(value);
	memcpy(to, &value, sizeof(value));
}

/* Room for so many more bytes, which are zero; NULL: none. */
static uint8_t *grow(struct elf_core *core, size_t size)
{
	uint8_t *notes = realloc(core->notes, core->notes_size + size);

	if (!notes)
		return NULL;
	core->notes = notes;
	notes += core->notes_size;
	memset(notes, 0, size);
	core->notes_size += size;
	return notes;
}

int elf_core_add_note(struct elf_core *core, const char *name, uint32_t type,
		      const void *data, size_t size, struct savetool_error *err)
{
	size_t name_size = strlen(name) + 1, padded = round_up(name_size, 4);
	uint8_t *note = grow(core, 12 + padded + round_up(size, 4));

	if (!note)
		return fail_memory(err);
	elf_core_put32(core, note, name_size);
	elf_core_put32(core, note + 4, size);
	elf_core_put32(core, note + 8, type);
	memcpy(note + 12, name, name_size);
	memcpy(note + 12 + padded, data, size);
	return 0;
}

int elf_core_add_whole_note(struct elf_core *core, const void *note,
			    size_t size, struct savetool_error *err)
{
	uint8_t *to = grow(core, round_up(size, 4));

	if (!to)
		return fail_memory(err);
	memcpy(to, note, size);
	return 0;
}

/* The ELF header, the only section header, and the program headers. */
static uint64_t headers_size(const struct ram_places *ranges)
{
	return sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) +
	       (ranges->count + 1) * sizeof(Elf64_Phdr);
}

int elf_core_place(const struct elf_core *core, struct ram_places *to,
		   const struct ram_places *ranges, struct savetool_error *err)
{
	uint64_t at = round_up(headers_size(ranges) + core->notes_most,
			       SEGMENT_ALIGNMENT);

	for (size_t i = 0; i < ranges->count; i++) {
		struct ram_place place = ranges->list[i];

		place.to = at;
		if (ram_places_add(to, &place, err) < 0)
			return -1;
		at = round_up(at + place.length, SEGMENT_ALIGNMENT);
	}
	return 0;
}

static void put_header(const struct elf_core *core, uint8_t *bytes,
		       uint64_t count)
{
	bool many = count >= PN_XNUM;
	uint8_t *section = bytes + sizeof(Elf64_Ehdr);

	memcpy(bytes, ELFMAG, SELFMAG);
	bytes[EI_CLASS] = ELFCLASS64;
	bytes[EI_DATA] = core->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	bytes[EI_VERSION] = EV_CURRENT;
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_type), ET_CORE);
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_machine),
		       core->machine);
	elf_core_put32(core, bytes + offsetof(Elf64_Ehdr, e_version),
		       EV_CURRENT);
	elf_core_put64(core, bytes + offsetof(Elf64_Ehdr, e_phoff),
		       sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr));
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_ehsize),
		       sizeof(Elf64_Ehdr));
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_phentsize),
		       sizeof(Elf64_Phdr));
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_phnum),
		       many ? PN_XNUM : (uint16_t)count);
	if (!many)
		return;
	/* The first section header has the number that does not fit. */
	elf_core_put64(core, bytes + offsetof(Elf64_Ehdr, e_shoff),
		       sizeof(Elf64_Ehdr));
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_shentsize),
		       sizeof(Elf64_Shdr));
	elf_core_put16(core, bytes + offsetof(Elf64_Ehdr, e_shnum), 1);
	elf_core_put32(core, section + offsetof(Elf64_Shdr, sh_info),
		       (uint32_t)count);
}

static void put_segment(const struct elf_core *core, uint8_t *bytes,
			uint32_t type, uint64_t offset, uint64_t address,
			uint64_t length)
{
	elf_core_put32(core, bytes + offsetof(Elf64_Phdr, p_type), type);
	elf_core_put64(core, bytes + offsetof(Elf64_Phdr, p_offset), offset);
	elf_core_put64(core, bytes + offsetof(Elf64_Phdr, p_paddr), address);
	elf_core_put64(core, bytes + offsetof(Elf64_Phdr, p_filesz), length);
	elf_core_put64(core, bytes + offsetof(Elf64_Phdr, p_memsz), length);
}

int elf_core_write(const struct elf_core *core, struct output *out,
		   const struct ram_places *to, const struct ram_places *ranges,
		   struct savetool_error *err)
{
	uint64_t size = headers_size(ranges);
	cleanup_free uint8_t *bytes = calloc(1, size + core->notes_size);
	uint8_t *segment;

	if (!bytes)
		return fail_memory(err);
	put_header(core, bytes, ranges->count + 1);
	segment = bytes + sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr);
	put_segment(core, segment, PT_NOTE, size, 0, core->notes_size);
	for (size_t i = 0; i < ranges->count; i++) {
		segment += sizeof(Elf64_Phdr);
		put_segment(core, segment, PT_LOAD, to->list[i].to,
			    ranges->list[i].to, ranges->list[i].length);
	}
	if (core->notes_size > 0)
		memcpy(bytes + size, core->notes, core->notes_size);
	size += core->notes_size;
	if (output_write_at(out, bytes, size, 0, err) < 0)
		return -1;
	out->position = ram_places_end(to);
	if (out->position < size)
		out->position = size;
	return 0;
}
