/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contradictions between a domain XML and its stream. */
#include "config.h"

#include "inspect/agreement.h"

#include "image/description.h"
#include "inspect/machine.h"
#include "ram/block.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

enum family {
	X86 = 1,
	ARM = 2,
	POWER = 4,
	S390 = 8,
	RISCV = 16,
	LOONGARCH = 32,
};

struct name {
	const char *name;
	unsigned family;
};

/* How libvirt's names of architectures start. */
static const struct name arches[] = {
	{ "i386", X86 },    { "i686", X86 },    { "x86_64", X86 },
	{ "aarch64", ARM }, { "arm", ARM },     { "ppc", POWER },
	{ "s390", S390 },   { "riscv", RISCV }, { "loongarch", LOONGARCH },
};

/* How QEMU's names of machine types start; "virt" is the name of many. */
static const struct name machines[] = {
	{ "pc-", X86 },
	{ "microvm", X86 },
	{ "pseries-", POWER },
	{ "s390-ccw-virtio", S390 },
};

/* The main memory of a machine, whole names. */
static const struct name blocks[] = {
	{ "pc.ram", X86 },
	{ "microvm.ram", X86 },
	{ "mach-virt.ram", ARM },
	{ "ppc_spapr.ram", POWER },
	{ "s390.ram", S390 },
	{ "riscv_virt_board.ram", RISCV },
	{ "loongarch.ram", LOONGARCH },
};

/* Devices that only one family has, whole names. */
static const struct name devices[] = {
	{ "apic", X86 },       { "i8259", X86 },   { "arm_gic", ARM },
	{ "arm_gicv3", ARM },  { "spapr", POWER }, { "s390_css", S390 },
	{ "s390-flic", S390 },
};

#define FIND(table, text, whole)                                               \
	find(table, sizeof(table) / sizeof(*(table)), text, whole)

static const struct name *find(const struct name *table, size_t count,
			       const char *text, bool whole)
{
	for (size_t i = 0; text && i < count; i++)
		if (whole ? strcmp(text, table[i].name) == 0 :
			    strncmp(text, table[i].name,
				    strlen(table[i].name)) == 0)
			return &table[i];
	return NULL;
}

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* What libvirt calls the memory of a NUMA node, a DIMM, a virtio-mem device. */
static bool is_libvirts(const char *name)
{
	static const char *const starts[] = { "ram-node", "memdimm",
					      "memvirtiomem" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (starts_with(name, starts[i]))
			return true;
	return false;
}

void stream_facts_add_block(struct stream_facts *facts, const char *name,
			    uint64_t length)
{
	const char *backend = ram_name_of_backend(name);
	bool of_device = backend != name && !starts_with(name, "/objects/");
	const struct name *known;

	if (starts_with(name, "/rom@") ||
	    (ram_name_is_prefilled(backend) && !ram_name_is_persistent(name)))
		return;
	known = FIND(blocks, backend, true);
	if (known)
		facts->families |= known->family;
	if (known || is_libvirts(backend)) {
		facts->main_blocks++;
		facts->main_memory += length;
		return;
	}
	facts->other_memory += length;
	if (length > facts->largest_other && !of_device &&
	    !ram_name_is_persistent(name))
		facts->largest_other = length;
}

void stream_facts_add_device(struct stream_facts *facts, const char *name)
{
	const struct name *known = FIND(devices, name, true);

	if (known)
		facts->families |= known->family;
	if (strcmp(name, "cpu") == 0)
		facts->cpus++;
	if (strcmp(name, "cpu_common") == 0)
		facts->common_cpus++;
}

static bool contradicts_arch(char *text, const struct stream_facts *facts,
			     const struct savetool_guest *guest)
{
	static const char *const words[] = {
		"x86", "Arm", "POWER", "s390", "RISC-V", "LoongArch",
	};
	const struct name *said = FIND(arches, guest->arch, false);
	const struct name *machine = FIND(machines, facts->machine, false);
	unsigned families = facts->families | (machine ? machine->family : 0);
	unsigned i = 0;

	/* These families have pages of one size, and never write it. */
	if (said && families == 0 && facts->has_page_bits &&
	    (said->family & (X86 | POWER | S390))) {
		snprintf(text, CONTRADICTION_TEXT,
			 "the XML says architecture '%s', which does not write "
			 "its page size as this stream does: QEMU will refuse "
			 "it",
			 guest->arch);
		return true;
	}
	/* Names of two families prove nothing. */
	if (!said || families == 0 || (families & (families - 1)) ||
	    said->family == families)
		return false;
	while (families >> i != 1)
		i++;
	snprintf(text, CONTRADICTION_TEXT,
		 "the XML says architecture '%s', but the stream is of a guest "
		 "of %s: QEMU will refuse it",
		 guest->arch, words[i]);
	return true;
}

/* "pc" and "q35" stand for a version that differs with each QEMU. */
static bool has_version(const char *machine)
{
	struct machine_releases releases;

	machine_releases(&releases, machine);
	return releases.first[0] != '\0' || releases.vendor;
}

static bool contradicts_machine(char *text, const struct stream_facts *facts,
				const struct savetool_guest *guest)
{
	/* QEMU compares as much as the stream has. */
	if (!facts->machine || !guest->machine ||
	    !has_version(guest->machine) ||
	    strncmp(guest->machine, facts->machine, strlen(facts->machine)) ==
		    0)
		return false;
	snprintf(text, CONTRADICTION_TEXT,
		 "the XML says machine type '%s', but the stream is of '%s': "
		 "QEMU will refuse it",
		 guest->machine, facts->machine);
	return true;
}

static bool contradicts_uuid(char *text, const struct stream_facts *facts,
			     const struct savetool_guest *guest)
{
	const char *from = guest->uuid;
	unsigned i;

	if (!facts->uuid || !from)
		return false;
	for (i = 0; i < 16; i++) {
		unsigned byte;

		while (*from == '-')
			from++;
		if (strspn(from, "0123456789abcdefABCDEF") < 2 ||
		    sscanf(from, "%2x", &byte) != 1)
			return false; /* not a UUID */
		if (byte != facts->uuid[i])
			break;
		from += 2;
	}
	if (i == 16)
		return false;
	snprintf(text, CONTRADICTION_TEXT,
		 "the XML says UUID %s, but the stream is of a guest with "
		 "another one: QEMU will refuse it",
		 guest->uuid);
	return true;
}

static uint64_t round_up(uint64_t size, uint64_t unit)
{
	return size > UINT64_MAX - unit ? size :
					  (size + unit - 1) / unit * unit;
}

/*
 * libvirt rounds the memory of each node up, to 1 MiB or for POWER to 256; and
 * <memory> includes what was plugged in, even if QEMU does not save it.
 */
static bool contradicts_memory(char *text, const struct stream_facts *facts,
			       const struct domain_xml *domain)
{
	const struct savetool_guest *guest = domain_xml_guest(domain);
	const struct name *arch = FIND(arches, guest->arch, false);
	uint64_t unit = arch && arch->family == POWER ? 256 * MIB : MIB;
	uint64_t nodes = facts->main_blocks;
	uint64_t least = facts->main_memory;
	uint64_t most = least + facts->other_memory;
	uint64_t said = guest->memory, saved;
	uint64_t elsewhere = domain_xml_unsaved_memory(domain);

	if (said == SAVETOOL_UNKNOWN || most == 0)
		return false;
	/* A guest has some memory: if no name tells, then the largest. */
	if (least == 0)
		least = facts->largest_other;
	if (said > round_up(most, unit) &&
	    said - round_up(most, unit) > elsewhere)
		saved = most;
	else if (round_up(said, unit) + (nodes > 1 ? nodes - 1 : 0) * unit <
		 least)
		saved = least;
	else
		return false;
	snprintf(text, CONTRADICTION_TEXT,
		 "the XML gives the guest %" PRIu64
		 " bytes of memory, but the stream has %" PRIu64 ": %s",
		 said, saved,
		 facts->mapped ? "QEMU does not check that, and would run a "
				 "guest with wrong memory" :
				 "QEMU will refuse it");
	return true;
}

static bool contradicts_vcpus(char *text, const struct stream_facts *facts,
			      const struct domain_xml *domain)
{
	uint64_t said = domain_xml_vcpus(domain);
	uint64_t saved = facts->cpus ? facts->cpus : facts->common_cpus;

	/* An architecture writes one of the two, or both for each. */
	if (said == SAVETOOL_UNKNOWN || saved == 0 || saved == said ||
	    (facts->cpus && facts->common_cpus &&
	     facts->cpus != facts->common_cpus))
		return false;
	snprintf(text, CONTRADICTION_TEXT,
		 "the XML gives the guest %" PRIu64
		 " vCPUs, but the stream has the state of %" PRIu64 ": %s",
		 said, saved,
		 said < saved ? "QEMU will refuse it" :
				"QEMU does not check that, and would reset the "
				"others");
	return true;
}

bool contradicts(char text[CONTRADICTION_TEXT], enum contradiction kind,
		 const struct stream_facts *facts,
		 const struct domain_xml *domain)
{
	const struct savetool_guest *guest = domain_xml_guest(domain);

	switch (kind) {
	case CONTRADICTION_ARCH:
		return contradicts_arch(text, facts, guest);
	case CONTRADICTION_MACHINE:
		return contradicts_machine(text, facts, guest);
	case CONTRADICTION_UUID:
		return contradicts_uuid(text, facts, guest);
	case CONTRADICTION_MEMORY:
		return contradicts_memory(text, facts, domain);
	case CONTRADICTION_VCPUS:
		return contradicts_vcpus(text, facts, domain);
	default:
		return false;
	}
}

static const char *const codes[] = {
	[CONTRADICTION_ARCH] = "arch-mismatch",
	[CONTRADICTION_MACHINE] = "machine-mismatch",
	[CONTRADICTION_UUID] = "uuid-mismatch",
	[CONTRADICTION_MEMORY] = "memory-mismatch",
	[CONTRADICTION_VCPUS] = "vcpus-mismatch",
};

static void facts_of(struct stream_facts *facts,
		     const struct description *description)
{
	const struct savetool_info *info = &description->info;

	*facts = (struct stream_facts){
		.machine = info->machine,
		.uuid = info->has_uuid ? info->uuid : NULL,
		.mapped = info->layout == SAVETOOL_LAYOUT_MAPPED_RAM,
		.has_page_bits = description->has_page_bits,
	};
	for (size_t i = 0; i < info->block_count; i++)
		stream_facts_add_block(facts, info->blocks[i].name,
				       info->blocks[i].length);
	for (size_t i = 0; i < info->device_count; i++)
		stream_facts_add_device(facts, info->devices[i].name);
}

bool description_contradicts(char text[CONTRADICTION_TEXT],
			     const struct description *description,
			     const struct domain_xml *domain)
{
	struct stream_facts facts;

	facts_of(&facts, description);
	for (int kind = 0; kind < CONTRADICTION_COUNT; kind++)
		if (contradicts(text, kind, &facts, domain))
			return true;
	return false;
}

int report_contradictions(struct description *description,
			  struct savetool_error *err)
{
	struct stream_facts facts;
	struct savetool_finding finding = {
		.hint = SAVETOOL_HINT_RIGHT_XML,
		.severity = SAVETOOL_PROBLEM,
		.offset = SAVETOOL_UNKNOWN,
		.length = SAVETOOL_UNKNOWN,
	};
	char text[CONTRADICTION_TEXT];

	if (!description->domain)
		return 0;
	facts_of(&facts, description);
	for (int kind = 0; kind < CONTRADICTION_COUNT; kind++) {
		finding.code = codes[kind];
		if (contradicts(text, kind, &facts, description->domain) &&
		    description_report(description, &finding, err, "%s", text) <
			    0)
			return -1;
	}
	return 0;
}
