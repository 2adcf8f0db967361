/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of x86 processors as notes: PRSTATUS, and QEMU's own, which has
 * the control registers too.  QEMU: target/i386/arch_dump.c.
 */
#include "config.h"

#include "base/bytes.h"
#include "extract/notes.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* In the order in which QEMU keeps them. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, REGISTERS = 16 };
enum { ES, CS, SS, DS, FS, GS, LDT, TR, GDT, IDT, SEGMENTS };

struct segment {
	uint64_t selector, base, limit, flags;
};

struct processor {
	uint64_t regs[REGISTERS];
	uint64_t rip, flags, hidden_flags, kernel_gs;
	struct segment segments[SEGMENTS];
	uint64_t cr[5];
};

#define IN_LONG_MODE (UINT64_C(1) << 14)

struct reading {
	const struct guest *guest;
	uint32_t cpu;
	struct savetool_error *err;
	bool failed;
};

/*
 * A number of 4 or 8 bytes; what the image does not have is zero.  All ones are
 * a value like any other here.
 */
static uint64_t get(struct reading *reading, const char *path)
{
	uint8_t bytes[8] = { 0 };
	size_t size = 0;

	if (reading->failed)
		return 0;
	if (fields_find_bytes(bytes, sizeof(bytes), &size,
			      reading->guest->fields, reading->guest->tail,
			      "cpu", reading->cpu, path, reading->err) < 0)
		reading->failed = true;
	return size == 4 ? get_be32(bytes) : get_be64(bytes);
}

static void get_segment(struct reading *reading, struct segment *segment,
			const char *name)
{
	static const char *const parts[] = { "selector", "base", "limit",
					     "flags" };
	uint64_t *to[] = { &segment->selector, &segment->base, &segment->limit,
			   &segment->flags };
	char path[64];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, parts[i]);
		*to[i] = get(reading, path);
	}
}

static int read_processor(struct processor *processor,
			  const struct guest *guest, uint32_t cpu,
			  struct savetool_error *err)
{
	static const char *const tables[] = { "env.ldt", "env.tr", "env.gdt",
					      "env.idt" };
	struct reading reading = { .guest = guest, .cpu = cpu, .err = err };
	char path[32];

	for (unsigned i = 0; i < REGISTERS; i++) {
		snprintf(path, sizeof(path), "env.regs[%u]", i);
		processor->regs[i] = get(&reading, path);
	}
	for (unsigned i = 0; i < LDT; i++) {
		snprintf(path, sizeof(path), "env.segs[%u]", i);
		get_segment(&reading, &processor->segments[i], path);
	}
	for (unsigned i = 0; i < 4; i++)
		get_segment(&reading, &processor->segments[LDT + i], tables[i]);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "env.cr[%u]", i);
		processor->cr[i] = i == 1 ? 0 : get(&reading, path);
	}
	processor->rip = get(&reading, "env.eip");
	processor->flags = get(&reading, "env.eflags");
	processor->hidden_flags = get(&reading, "env.hflags");
	processor->kernel_gs = get(&reading, "env.kernelgsbase");
	return reading.failed ? -1 : 0;
}

/* PRSTATUS of 64 bits: registers in the order of Linux. */
static int add_long(struct elf_core *core, const struct processor *processor,
		    uint32_t cpu, struct savetool_error *err)
{
	const uint64_t *regs = processor->regs;
	const struct segment *segments = processor->segments;
	const uint64_t order[] = {
		regs[15],
		regs[14],
		regs[13],
		regs[12],
		regs[RBP],
		regs[RBX],
		regs[11],
		regs[10],
		regs[9],
		regs[R8],
		regs[RAX],
		regs[RCX],
		regs[RDX],
		regs[RSI],
		regs[RDI],
		0, /* of a system call */
		processor->rip,
		segments[CS].selector,
		processor->flags,
		regs[RSP],
		segments[SS].selector,
		segments[FS].base,
		segments[GS].base,
		segments[DS].selector,
		segments[ES].selector,
		segments[FS].selector,
		segments[GS].selector,
	};
	uint8_t note[336] = { 0 };

	elf_core_put32(core, note + 32, cpu + 1);
	for (unsigned i = 0; i < sizeof(order) / sizeof(*order); i++)
		elf_core_put64(core, note + 112 + 8 * i, order[i]);
	return elf_core_add_note(core, "CORE", NT_PRSTATUS, note, sizeof(note),
				 err);
}

/* The same of 32 bits. */
static int add_short(struct elf_core *core, const struct processor *processor,
		     uint32_t cpu, struct savetool_error *err)
{
	const uint64_t *regs = processor->regs;
	const struct segment *segments = processor->segments;
	const uint64_t order[] = {
		regs[RBX],
		regs[RCX],
		regs[RDX],
		regs[RSI],
		regs[RDI],
		regs[RBP],
		regs[RAX],
		segments[DS].selector,
		segments[ES].selector,
		segments[FS].selector,
		segments[GS].selector,
		0, /* of a system call */
		processor->rip,
		segments[CS].selector,
		processor->flags,
		regs[RSP],
		segments[SS].selector,
	};
	uint8_t note[144] = { 0 };

	elf_core_put32(core, note + 24, cpu + 1);
	for (unsigned i = 0; i < sizeof(order) / sizeof(*order); i++)
		elf_core_put32(core, note + 72 + 4 * i, (uint32_t)order[i]);
	return elf_core_add_note(core, "CORE", NT_PRSTATUS, note, sizeof(note),
				 err);
}

/* QEMU's note: a version, its size, and all of it. */
static int add_own(struct elf_core *core, const struct processor *processor,
		   struct savetool_error *err)
{
	static const uint8_t regs[] = { RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP,
					8,   9,   10,  11,  12,  13,  14,  15 };
	static const uint8_t segments[] = { CS, DS,  ES, FS,  GS,
					    SS, LDT, TR, GDT, IDT };
	uint8_t note[440] = { 0 }, *at = note + 8;

	elf_core_put32(core, note, 1);
	elf_core_put32(core, note + 4, sizeof(note));
	for (unsigned i = 0; i < sizeof(regs); i++, at += 8)
		elf_core_put64(core, at, processor->regs[regs[i]]);
	elf_core_put64(core, at, processor->rip);
	elf_core_put64(core, at + 8, processor->flags);
	at += 16;
	for (unsigned i = 0; i < sizeof(segments); i++, at += 24) {
		const struct segment *from = &processor->segments[segments[i]];

		elf_core_put32(core, at, (uint32_t)from->selector);
		elf_core_put32(core, at + 4, (uint32_t)from->limit);
		elf_core_put32(core, at + 8, (uint32_t)from->flags);
		elf_core_put64(core, at + 16, from->base);
	}
	for (unsigned i = 0; i < 5; i++, at += 8)
		elf_core_put64(core, at, processor->cr[i]);
	elf_core_put64(core, at, processor->kernel_gs);
	return elf_core_add_note(core, "QEMU", 0, note, sizeof(note), err);
}

/* Either the notes of the system, or QEMU's own. */
static int add_all(struct elf_core *core, unsigned *cpus,
		   const struct guest *guest, bool own,
		   struct savetool_error *err)
{
	const struct tail *tail = guest->tail;
	struct processor processor;
	unsigned count = 0;

	for (unsigned i = 0; i < tail->device_count; i++) {
		uint32_t cpu = tail->devices[i].instance;

		if (strcmp(tail->devices[i].name, "cpu") != 0)
			continue;
		if (read_processor(&processor, guest, cpu, err) < 0)
			return -1;
		/* The first one decides for all, as in QEMU. */
		if (count++ == 0 && !own)
			core->machine = processor.hidden_flags & IN_LONG_MODE ?
						EM_X86_64 :
						EM_386;
		if ((own ? add_own(core, &processor, err) :
			   (core->machine == EM_X86_64 ? add_long : add_short)(
				   core, &processor, cpu, err)) < 0)
			return -1;
	}
	*cpus = count;
	return 0;
}

int notes_add_x86(struct elf_core *core, unsigned *cpus,
		  const struct guest *guest, struct savetool_error *err)
{
	core->machine = EM_X86_64;
	*cpus = 0;
	if (!guest->tail)
		return 0;
	if (add_all(core, cpus, guest, false, err) < 0)
		return -1;
	return add_all(core, cpus, guest, true, err);
}
