/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The notes of an ELF core: the registers of the guest's processors. */
#ifndef EXTRACT_NOTES_H
#define EXTRACT_NOTES_H

#include "extract/guest.h"
#include "format/elf_core.h"

/*
 * Sets machine and byte order, and adds the notes that QEMU's own
 * dump-guest-memory writes.  *cpus is the number of processors with notes: 0 if
 * the registers of this architecture are not known.
 */
int notes_add_cpus(struct elf_core *core, unsigned *cpus,
		   const struct guest *guest, struct savetool_error *err);

/* The same for x86; instance is the processor's number. */
int notes_add_x86(struct elf_core *core, unsigned *cpus,
		  const struct guest *guest, struct savetool_error *err);

#endif
