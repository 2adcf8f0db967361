/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMCOREINFO: an ELF note in the memory of a Linux guest, in which the kernel
 * has written what a debugger needs to know of it, such as where it is.  The
 * guest says where the note is if it has QEMU's vmcoreinfo device; otherwise it
 * is searched for.  QEMU: dump/dump.c, hw/misc/vmcoreinfo.c.  Linux:
 * kernel/crash_core.c.
 */
#ifndef EXTRACT_VMCOREINFO_H
#define EXTRACT_VMCOREINFO_H

#include "extract/guest.h"
#include "format/elf_core.h"
#include "ram/page.h"

/* More pages that look like the start of one are no guest that works. */
#define VMCOREINFO_STARTS 64

struct vmcoreinfo {
	struct page_sink base;
	enum savetool_vmcoreinfo from; /* after vmcoreinfo_add() */

	/* All below is private. */
	struct page_sink *next;
	const struct elf_core *core;
	uint64_t address, size; /* what the device says; size 0: nothing */
	uint64_t
		entry; /* of system calls, in the kernel; or SAVETOOL_UNKNOWN */
	unsigned count;
	struct {
		unsigned block;
		uint64_t offset;
	} starts[VMCOREINFO_STARTS];
};

/*
 * Reads what the devices say, and adds what the note may take to what the notes
 * of the core may take.  The core must outlive it.
 */
int vmcoreinfo_begin(struct vmcoreinfo *info, struct elf_core *core,
		     const struct guest *guest, struct savetool_error *err);

/* A sink that passes all pages on to another, and looks at each of them. */
struct page_sink *vmcoreinfo_sink(struct vmcoreinfo *info,
				  struct page_sink *next);

/*
 * Adds the note to the core, once out has all pages: the ranges, which are
 * guest-physical, at the places.  There may be none.
 */
int vmcoreinfo_add(struct vmcoreinfo *info, struct elf_core *core,
		   struct output *out, const struct ram_places *places,
		   const struct ram_places *ranges, struct savetool_error *err);

#endif
