/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain XML against what a stream says. */
#include "config.h"

#include "inspect/agreement.h"

#include "unit/check.h"

#include <stdio.h>

#define MIB(n) ((uint64_t)(n) << 20)

/* As a domain of libvirt says it. */
struct said {
	const char *arch, *machine, *uuid, *memory, *vcpus;
};

static const struct said usual = {
	.arch = "x86_64",
	.machine = "pc-i440fx-10.0",
	.uuid = "11111111-2222-3333-4444-555555555555",
	.memory = "<memory unit='MiB'>64</memory>",
	.vcpus = "<vcpu current='2'>4</vcpu>",
};

/* The bits of what contradicts, and the sentence of the last one. */
static unsigned contradictions(const struct stream_facts *facts,
			       const struct said *said,
			       char text[CONTRADICTION_TEXT])
{
	struct domain_xml *domain;
	struct savetool_error err;
	unsigned found = 0;
	char xml[1024];

	snprintf(xml, sizeof(xml),
		 "<domain><uuid>%s</uuid>%s%s<os><type arch='%s' "
		 "machine='%s'>hvm</type></os></domain>",
		 said->uuid, said->memory, said->vcpus, said->arch,
		 said->machine);
	assert_ok(domain_xml_parse(&domain, xml, &err), err);
	for (int kind = 0; kind < CONTRADICTION_COUNT; kind++)
		if (contradicts(text, kind, facts, domain))
			found |= 1U << kind;
	domain_xml_free(domain);
	return found;
}

/* Nothing, or just that one, in these words. */
static void finds(const struct stream_facts *facts, const struct said *said,
		  int kind, const char *words)
{
	char text[CONTRADICTION_TEXT] = "";

	assert_int_equal(contradictions(facts, said, text),
			 kind < 0 ? 0 : 1U << kind);
	if (kind >= 0)
		assert_non_null(strstr(text, words));
}

static void agrees(const struct stream_facts *facts, const struct said *said)
{
	finds(facts, said, -1, "");
}

static struct stream_facts pc_stream(uint64_t memory)
{
	struct stream_facts facts = { .machine = "pc-i440fx-10.0" };

	stream_facts_add_block(&facts, "pc.ram", memory);
	stream_facts_add_block(&facts, "pc.bios", MIB(1));
	stream_facts_add_block(&facts, "0000:00:02.0/vga.vram", MIB(16));
	stream_facts_add_device(&facts, "apic");
	for (int i = 0; i < 2; i++) {
		stream_facts_add_device(&facts, "cpu_common");
		stream_facts_add_device(&facts, "cpu");
	}
	return facts;
}

TEST(a_stream_and_its_own_xml_agree)
{
	const struct stream_facts facts = pc_stream(MIB(64));

	agrees(&facts, &usual);
}

TEST(what_a_stream_does_not_say_is_no_contradiction)
{
	const struct stream_facts nothing = { .machine = NULL };

	agrees(&nothing, &usual);
}

TEST(memory_counts_in_both_directions)
{
	struct stream_facts facts = pc_stream(MIB(32));

	finds(&facts, &usual, CONTRADICTION_MEMORY, "QEMU will refuse it");
	facts = pc_stream(MIB(128));
	finds(&facts, &usual, CONTRADICTION_MEMORY, "134217728");
	facts.mapped = true;
	finds(&facts, &usual, CONTRADICTION_MEMORY, "does not check that");
}

TEST(memory_of_nodes_dimms_and_virtio_mem_is_a_sum)
{
	struct stream_facts facts = { .machine = NULL };

	stream_facts_add_block(&facts, "/objects/ram-node0", MIB(16));
	stream_facts_add_block(&facts, "ram-node1", MIB(16));
	stream_facts_add_block(&facts, "memdimm0", MIB(16));
	finds(&facts, &usual, CONTRADICTION_MEMORY, "50331648");
	stream_facts_add_block(&facts, "0000:00:03.0/memvirtiomem0", MIB(16));
	agrees(&facts, &usual);
	stream_facts_add_block(&facts, "memdimm1", MIB(16));
	finds(&facts, &usual, CONTRADICTION_MEMORY, "83886080");
}

TEST(blocks_that_may_be_memory_only_widen_the_range)
{
	struct stream_facts facts = pc_stream(MIB(48));

	stream_facts_add_block(&facts, "memnvdimm0", MIB(16));
	agrees(&facts, &usual);
	facts = pc_stream(MIB(64));
	stream_facts_add_block(&facts, "shmmem-shmem0", MIB(16));
	stream_facts_add_block(&facts, "memnvdimm0", MIB(16));
	agrees(&facts, &usual);
}

TEST(a_block_of_a_device_may_be_memory_too)
{
	struct stream_facts facts = pc_stream(MIB(48));

	stream_facts_add_block(&facts, "0000:00:03.0/vmem0", MIB(16));
	agrees(&facts, &usual);
	facts = pc_stream(MIB(64));
	stream_facts_add_block(&facts, "0000:00:03.0/shm0", MIB(128));
	agrees(&facts, &usual);
	facts = (struct stream_facts){ .machine = NULL };
	stream_facts_add_block(&facts, "0000:00:03.0/shm0", MIB(128));
	agrees(&facts, &usual);
}

TEST(memory_that_is_never_saved_may_be_missing)
{
	const struct stream_facts facts = pc_stream(MIB(64));
	struct said said = usual;

	said.memory = "<memory unit='MiB'>96</memory><devices>"
		      "<memory model='virtio-pmem'><target>"
		      "<size unit='MiB'>16</size></target></memory>"
		      "<memory model='sgx-epc'><target>"
		      "<size>16384</size></target></memory></devices>";
	agrees(&facts, &said);
	said.memory = "<memory unit='MiB'>97</memory><devices>"
		      "<memory model='virtio-pmem'><target>"
		      "<size unit='MiB'>32</size></target></memory></devices>";
	finds(&facts, &said, CONTRADICTION_MEMORY, "101711872");
	said.memory = "<memory unit='MiB'>96</memory><devices>"
		      "<memory model='dimm'><target>"
		      "<size unit='MiB'>32</size></target></memory></devices>";
	finds(&facts, &said, CONTRADICTION_MEMORY, "100663296");
}

TEST(without_a_known_name_the_largest_block_is_memory)
{
	struct stream_facts facts = { .machine = NULL };

	stream_facts_add_block(&facts, "m0", MIB(128));
	finds(&facts, &usual, CONTRADICTION_MEMORY, "134217728");
}

TEST(memory_is_rounded_as_libvirt_does)
{
	struct said said = usual;
	struct stream_facts facts = pc_stream(MIB(64));

	said.memory = "<memory unit='KiB'>65001</memory>";
	agrees(&facts, &said);
	said.memory = "<memory unit='KiB'>64512</memory>";
	finds(&facts, &said, CONTRADICTION_MEMORY, "66060288");
	facts = (struct stream_facts){ .machine = "pseries-10.0" };
	stream_facts_add_block(&facts, "ppc_spapr.ram", MIB(256));
	said = (struct said){ "ppc64le", "pseries-10.0", usual.uuid,
			      usual.memory, usual.vcpus };
	agrees(&facts, &said);
	facts.main_memory = MIB(512);
	finds(&facts, &said, CONTRADICTION_MEMORY, "536870912");
}

TEST(a_machine_type_is_compared_as_far_as_the_stream_has_it)
{
	struct said said = usual;
	struct stream_facts facts = pc_stream(MIB(64));

	facts.machine = "pc-i440fx-9.2";
	finds(&facts, &said, CONTRADICTION_MACHINE, "'pc-i440fx-9.2'");
	facts.machine = "pc-i440fx-10";
	agrees(&facts, &said);
	facts.machine = "pc-q35-10.0";
	said.machine = "pc-i440fx-jammy";
	finds(&facts, &said, CONTRADICTION_MACHINE, "'pc-i440fx-jammy'");
}

TEST(an_alias_is_not_compared)
{
	static const char *const aliases[] = { "pc", "q35", "virt", "ubuntu" };
	const struct stream_facts facts = pc_stream(MIB(64));
	struct said said = usual;

	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		said.machine = aliases[i];
		agrees(&facts, &said);
	}
}

TEST(the_architecture_shows_in_names)
{
	static const char *const names[] = { "mach-virt.ram", "ppc_spapr.ram",
					     "s390.ram", "loongarch.ram" };
	struct stream_facts facts;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		facts = (struct stream_facts){ .machine = NULL };
		stream_facts_add_block(&facts, names[i], MIB(64));
		finds(&facts, &usual, CONTRADICTION_ARCH, "'x86_64'");
	}
	/* Names of two prove nothing. */
	stream_facts_add_device(&facts, "apic");
	agrees(&facts, &usual);
	facts = (struct stream_facts){ .has_page_bits = true };
	finds(&facts, &usual, CONTRADICTION_ARCH, "page size");
}

TEST(arches_of_one_family_are_not_told_apart)
{
	const struct stream_facts facts = pc_stream(MIB(64));
	struct said said = usual;

	said.arch = "i686";
	agrees(&facts, &said);
	said.arch = "sparc64";
	agrees(&facts, &said);
}

TEST(a_uuid_is_compared_if_the_stream_has_one)
{
	static const uint8_t same[16] = { 0x11, 0x11, 0x11, 0x11, 0x22, 0x22,
					  0x33, 0x33, 0x44, 0x44, 0x55, 0x55,
					  0x55, 0x55, 0x55, 0x55 };
	static const uint8_t other[16] = { 0x11 };
	struct stream_facts facts = pc_stream(MIB(64));
	struct said said = usual;

	facts.uuid = same;
	agrees(&facts, &said);
	facts.uuid = other;
	finds(&facts, &said, CONTRADICTION_UUID, "another one");
	said.uuid = "none";
	agrees(&facts, &said);
}

TEST(vcpus_are_counted_as_they_are_plugged_in)
{
	struct stream_facts facts = pc_stream(MIB(64));
	struct said said = usual;

	said.vcpus = "<vcpu>4</vcpu>";
	finds(&facts, &said, CONTRADICTION_VCPUS, "reset");
	said.vcpus = "<vcpu>1</vcpu>";
	finds(&facts, &said, CONTRADICTION_VCPUS, "refuse");
	/* Who writes one of the two sections for each. */
	facts.common_cpus = 0;
	finds(&facts, &said, CONTRADICTION_VCPUS, "refuse");
	/* Two sections that differ are not understood. */
	facts.common_cpus = 7;
	agrees(&facts, &said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_and_its_own_xml_agree),
		cmocka_unit_test(
			what_a_stream_does_not_say_is_no_contradiction),
		cmocka_unit_test(memory_counts_in_both_directions),
		cmocka_unit_test(memory_of_nodes_dimms_and_virtio_mem_is_a_sum),
		cmocka_unit_test(
			blocks_that_may_be_memory_only_widen_the_range),
		cmocka_unit_test(
			without_a_known_name_the_largest_block_is_memory),
		cmocka_unit_test(a_block_of_a_device_may_be_memory_too),
		cmocka_unit_test(memory_that_is_never_saved_may_be_missing),
		cmocka_unit_test(memory_is_rounded_as_libvirt_does),
		cmocka_unit_test(
			a_machine_type_is_compared_as_far_as_the_stream_has_it),
		cmocka_unit_test(an_alias_is_not_compared),
		cmocka_unit_test(the_architecture_shows_in_names),
		cmocka_unit_test(arches_of_one_family_are_not_told_apart),
		cmocka_unit_test(a_uuid_is_compared_if_the_stream_has_one),
		cmocka_unit_test(vcpus_are_counted_as_they_are_plugged_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
