/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the VMCOREINFO note of a Linux guest. */
#include "config.h"

#include "extract/vmcoreinfo.h"

#include "base/bytes.h"
#include "extract/core_note.h"

#include <stdlib.h>
#include <string.h>

static const char name[] = "VMCOREINFO";

#define FIRST_WORD "OSRELEASE="

/* Linux gives it a page, and has pages of at most that. */
#define SEARCHED_MOST (CORE_NOTE_HEAD + 12 + 65536)

/* Linux starts it on a page of its own. */
#define PAGE 4096

static int read_number(uint64_t *number, const struct guest *guest,
		       const char *device, const char *field,
		       struct savetool_error *err)
{
	const struct savetool_device *found = guest_device(guest, device);

	*number = SAVETOOL_UNKNOWN;
	if (!found)
		return 0;
	return fields_find_number(number, guest->fields, guest->tail,
				  found->name, found->instance, field, err);
}

#define FORMAT_ELF 1

static int read_device(struct vmcoreinfo *info, const struct guest *guest,
		       struct savetool_error *err)
{
	static const char device[] = "vmcoreinfo";
	uint64_t has, format, size, address;

	if (read_number(&has, guest, device, "has_vmcoreinfo", err) < 0 ||
	    read_number(&format, guest, device, "vmcoreinfo.guest_format",
			err) < 0 ||
	    read_number(&size, guest, device, "vmcoreinfo.size", err) < 0 ||
	    read_number(&address, guest, device, "vmcoreinfo.paddr", err) < 0)
		return -1;
	if (has != 1 || format != FORMAT_ELF || size == SAVETOOL_UNKNOWN)
		return 0;
	info->address = address;
	info->size = size;
	return 0;
}

int vmcoreinfo_begin(struct vmcoreinfo *info, struct elf_core *core,
		     const struct guest *guest, struct savetool_error *err)
{
	uint64_t most;

	info->core = core;
	info->count = 0;
	info->size = 0;
	info->from = SAVETOOL_VMCOREINFO_NONE;
	if (read_device(info, guest, err) < 0 ||
	    read_number(&info->entry, guest, "cpu", "env.lstar", err) < 0)
		return -1;
	most = info->size > SEARCHED_MOST ? info->size : SEARCHED_MOST;
	if (most > CORE_NOTE_MOST)
		most = CORE_NOTE_MOST;
	core->notes_most = core->notes_size + most;
	return 0;
}

/* Does a page start with the head of the note? */
static bool starts_note(const struct elf_core *core, const uint8_t *page)
{
	return memcmp(page + CORE_NOTE_HEAD, name, sizeof(name)) == 0 &&
	       elf_core_get32(core, page) == sizeof(name) &&
	       elf_core_get32(core, page + 8) == 0;
}

/* Once, however often the page comes. */
static void remember(struct vmcoreinfo *info, unsigned block, uint64_t offset)
{
	for (unsigned i = 0; i < info->count; i++)
		if (info->starts[i].block == block &&
		    info->starts[i].offset == offset)
			return;
	if (info->count == VMCOREINFO_STARTS)
		return;
	info->starts[info->count].block = block;
	info->starts[info->count].offset = offset;
	info->count++;
}

static void look_at(struct vmcoreinfo *info, const struct page_run *run)
{
	uint64_t skipped = round_up(run->offset, PAGE) - run->offset;

	for (; skipped + PAGE <= run->length; skipped += PAGE)
		if (starts_note(info->core, run->data + skipped))
			remember(info, run->block->index,
				 run->offset + skipped);
}

/*
 * A page that becomes a note by a difference is not seen: the kernel writes the
 * note when it starts, long before anybody saves it.
 */
static int put(struct page_sink *sink, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct vmcoreinfo *info = (struct vmcoreinfo *)sink;

	for (unsigned i = 0; i < batch->count; i++)
		if (batch->runs[i].kind == PAGE_DATA)
			look_at(info, &batch->runs[i]);
	return info->next->ops->put(info->next, batch, err);
}

static const struct page_sink_ops sink_ops = { .put = put };

struct page_sink *vmcoreinfo_sink(struct vmcoreinfo *info,
				  struct page_sink *next)
{
	info->base.ops = &sink_ops;
	info->next = next;
	return &info->base;
}

/* Text of a kernel, which no two kernels in one memory have in common. */
#define KERNEL_TEXT (UINT64_C(32) << 20)

/* Does the processor enter the kernel that the note is about? */
static bool is_running(const struct vmcoreinfo *info,
		       const struct core_note *note)
{
	static const char word[] = "\nSYMBOL(_stext)=";
	const char *found = strstr(core_note_content(note), word);
	uint64_t start;

	if (!found || info->entry == SAVETOOL_UNKNOWN)
		return false;
	start = strtoull(found + strlen(word), NULL, 16);
	return info->entry >= start && info->entry - start < KERNEL_TEXT;
}

/* The note of Linux, and not something that only starts like it. */
static bool is_real(const struct core_note *note, const struct elf_core *core)
{
	return note->name_size == sizeof(name) &&
	       starts_note(core, note->bytes) &&
	       note->content_size >= strlen(FIRST_WORD) &&
	       memcmp(core_note_content(note), FIRST_WORD,
		      strlen(FIRST_WORD)) == 0;
}

/* Where the guest sees the offset of a block; false: nowhere. */
static bool address_of(uint64_t *address, const struct ram_places *ranges,
		       unsigned block, uint64_t offset)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct ram_place *range = &ranges->list[i];

		if (range->block == block && offset >= range->offset &&
		    offset - range->offset < range->length) {
			*address = range->to + (offset - range->offset);
			return true;
		}
	}
	return false;
}

/* The note that one of the starts leads to: 1, or 0 if there is none. */
static int read_start(struct core_note *note, const struct vmcoreinfo *info,
		      const struct core_memory *memory, unsigned start,
		      struct savetool_error *err)
{
	uint64_t address;
	int more;

	if (!address_of(&address, memory->ranges, info->starts[start].block,
			info->starts[start].offset))
		return 0;
	more = core_note_read(note, info->core, memory, address, SEARCHED_MOST,
			      err);
	if (more <= 0 || is_real(note, info->core))
		return more;
	core_note_free(note);
	return 0;
}

/*
 * Takes the note for the best one so far, or frees it.  Other kernels may have
 * been there before, or be in a guest of the guest.
 */
static void compete(struct core_note *best, bool *several,
		    struct core_note *note, const struct vmcoreinfo *info)
{
	bool runs = is_running(info, note), best_runs = false;

	if (best->bytes)
		best_runs = is_running(info, best);
	if (!best->bytes || (runs && !best_runs)) {
		core_note_free(best);
		*best = *note;
		*several = false;
		return;
	}
	if (runs == best_runs && !core_note_equals(note, best))
		*several = true;
	core_note_free(note);
}

static int search(struct core_note *best, bool *several,
		  const struct vmcoreinfo *info,
		  const struct core_memory *memory, struct savetool_error *err)
{
	*several = false;
	for (unsigned i = 0; i < info->count; i++) {
		struct core_note note = { .bytes = NULL };
		int more = read_start(&note, info, memory, i, err);

		if (more < 0)
			return -1;
		if (more > 0)
			compete(best, several, &note, info);
	}
	return 0;
}

static int add(struct vmcoreinfo *info, struct elf_core *core,
	       const struct core_memory *memory, struct core_note *note,
	       struct savetool_error *err)
{
	bool several;
	int more = 0;

	if (info->size > 0)
		more = core_note_read(note, core, memory, info->address,
				      info->size, err);
	if (more < 0)
		return -1;
	if (more > 0) {
		info->from = SAVETOOL_VMCOREINFO_DEVICE;
		return elf_core_add_whole_note(core, note->bytes, note->size,
					       err);
	}
	if (search(note, &several, info, memory, err) < 0)
		return -1;
	if (!note->bytes)
		return 0;
	info->from = SAVETOOL_VMCOREINFO_SEVERAL;
	if (several)
		return 0;
	info->from = SAVETOOL_VMCOREINFO_MEMORY;
	return elf_core_add_whole_note(core, note->bytes, note->size, err);
}

int vmcoreinfo_add(struct vmcoreinfo *info, struct elf_core *core,
		   struct output *out, const struct ram_places *places,
		   const struct ram_places *ranges, struct savetool_error *err)
{
	struct core_memory memory;
	struct core_note note = { .bytes = NULL };
	int failed = core_memory_begin(&memory, out, places, ranges, err);

	if (!failed)
		failed = add(info, core, &memory, &note, err);
	core_note_free(&note);
	return failed;
}
