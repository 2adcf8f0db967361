/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of the guest's processors as notes: Arm and RISC-V.  QEMU:
 * target/arm/arch_dump.c, target/riscv/arch_dump.c.
 */
#include "config.h"

#include "extract/notes.h"

#include "base/bytes.h"
#include "extract/layout.h"
#include "extract/layout_internal.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* All kinds have the number of the process there: that of the processor + 1. */
#define PRSTATUS_PID 32
#define PRSTATUS_REGISTERS 112
#define ARM_PRSTATUS (PRSTATUS_REGISTERS + 34 * 8 + 8)
#define ARM_PRFPREG (64 * 8 + 16)
#define RISCV_PRSTATUS (PRSTATUS_REGISTERS + 32 * 8 + 8)
#define FPSR_BITS UINT32_C(0xf800009f)

/* One of 32 bits whose type has a name of its own. */
static int read_state(uint32_t *value, const struct guest *guest, uint32_t cpu,
		      const char *path, struct savetool_error *err)
{
	uint8_t bytes[4] = { 0 };
	size_t size;

	if (fields_find_bytes(bytes, sizeof(bytes), &size, guest->fields,
			      guest->tail, "cpu", cpu, path, err) < 0)
		return -1;
	*value = get_be32(bytes);
	return 0;
}

/* Several in a row, into a note. */
static int put_registers(const struct elf_core *core, uint8_t *to,
			 unsigned count, const struct guest *guest,
			 uint32_t cpu, const char *path,
			 struct savetool_error *err)
{
	uint8_t bytes[32 * 8] = { 0 };
	size_t size;

	if (fields_find_bytes(bytes, count * 8, &size, guest->fields,
			      guest->tail, "cpu", cpu, path, err) < 0)
		return -1;
	for (unsigned i = 0; i < count && i * 8 + 8 <= size; i++)
		elf_core_put64(core, to + i * 8, get_be64(bytes + i * 8));
	return 0;
}

static int add_arm_floats(struct elf_core *core, const struct guest *guest,
			  uint32_t cpu, struct savetool_error *err)
{
	uint8_t note[ARM_PRFPREG] = { 0 };
	uint32_t fpscr;
	char path[64];

	for (unsigned i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "env.vfp.zregs[%u].d", i);
		if (put_registers(core, note + i * 16, 2, guest, cpu, path,
				  err) < 0)
			return -1;
	}
	if (read_state(&fpscr, guest, cpu, "fpscr", err) < 0)
		return -1;
	elf_core_put32(core, note + 512, fpscr & FPSR_BITS);
	elf_core_put32(core, note + 516, fpscr & ~FPSR_BITS);
	return elf_core_add_note(core, "CORE", NT_PRFPREG, note, sizeof(note),
				 err);
}

static int add_arm(struct elf_core *core, const struct guest *guest,
		   uint32_t cpu, struct savetool_error *err)
{
	uint8_t note[ARM_PRSTATUS] = { 0 };
	uint32_t state;

	elf_core_put32(core, note + PRSTATUS_PID, cpu + 1);
	if (put_registers(core, note + PRSTATUS_REGISTERS, 32, guest, cpu,
			  "env.xregs", err) < 0 ||
	    put_registers(core, note + PRSTATUS_REGISTERS + 32 * 8, 1, guest,
			  cpu, "env.pc", err) < 0 ||
	    read_state(&state, guest, cpu, "cpsr", err) < 0)
		return -1;
	elf_core_put64(core, note + PRSTATUS_REGISTERS + 33 * 8, state);
	elf_core_put32(core, note + PRSTATUS_REGISTERS + 34 * 8, 1);
	if (elf_core_add_note(core, "CORE", NT_PRSTATUS, note, sizeof(note),
			      err) < 0)
		return -1;
	return add_arm_floats(core, guest, cpu, err);
}

static int add_riscv(struct elf_core *core, const struct guest *guest,
		     uint32_t cpu, struct savetool_error *err)
{
	uint8_t note[RISCV_PRSTATUS] = { 0 };

	elf_core_put32(core, note + PRSTATUS_PID, cpu + 1);
	/* The first register, which is always zero, gives its place to pc. */
	if (put_registers(core, note + PRSTATUS_REGISTERS, 32, guest, cpu,
			  "env.gpr", err) < 0 ||
	    put_registers(core, note + PRSTATUS_REGISTERS, 1, guest, cpu,
			  "env.pc", err) < 0)
		return -1;
	return elf_core_add_note(core, "CORE", NT_PRSTATUS, note, sizeof(note),
				 err);
}

static int add_each(struct elf_core *core, unsigned *cpus,
		    const struct guest *guest,
		    int (*add)(struct elf_core *core, const struct guest *guest,
			       uint32_t cpu, struct savetool_error *err),
		    struct savetool_error *err)
{
	const struct tail *tail = guest->tail;

	for (unsigned i = 0; i < tail->device_count; i++) {
		if (strcmp(tail->devices[i].name, "cpu") != 0)
			continue;
		if (add(core, guest, tail->devices[i].instance, err) < 0)
			return -1;
		++*cpus;
	}
	return 0;
}

static uint16_t flat_machine(const struct guest *guest)
{
	const char *machine = guest->machine ? guest->machine : "";

	if (strncmp(machine, "s390", 4) == 0)
		return EM_S390;
	return strncmp(machine, "pseries", 7) == 0 ? EM_PPC64 : EM_386;
}

int notes_add_cpus(struct elf_core *core, unsigned *cpus,
		   const struct guest *guest, struct savetool_error *err)
{
	enum machine_kind kind = machine_kind(guest);

	*cpus = 0;
	switch (kind) {
	case MACHINE_ARM_VIRT:
		core->machine = EM_AARCH64;
		return guest->tail ? add_each(core, cpus, guest, add_arm, err) :
				     0;
	case MACHINE_RISCV_VIRT:
		core->machine = EM_RISCV;
		return guest->tail ?
			       add_each(core, cpus, guest, add_riscv, err) :
			       0;
	case MACHINE_LOONGARCH_VIRT:
		core->machine = EM_LOONGARCH;
		return 0;
	case MACHINE_FLAT:
		core->machine = flat_machine(guest);
		core->big_endian = core->machine != EM_386;
		return 0;
	default:
		return notes_add_x86(core, cpus, guest, err);
	}
}
