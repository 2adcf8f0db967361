/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The section after the magic: read, written, and given a capability. */
#include "config.h"

#include "format/configuration.h"

#include "unit/recorder.h"
#include "unit/wire.h"

#define MACHINE "pc-i440fx-10.0"

/* What mapped-ram adds to a stream, byte by byte as QEMU 10 writes it. */
static const uint8_t mapped_ram[47] = {
	0x05, 0x1a, 0x63, 0x6f, 0x6e, 0x66, 0x69, 0x67, 0x75, 0x72, 0x61, 0x74,
	0x69, 0x6f, 0x6e, 0x2f, 0x63, 0x61, 0x70, 0x61, 0x62, 0x69, 0x6c, 0x69,
	0x74, 0x69, 0x65, 0x73, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
	0x0a, 0x6d, 0x61, 0x70, 0x70, 0x65, 0x64, 0x2d, 0x72, 0x61, 0x6d,
};

static struct wire wire, expected;
static struct recorder recorder;

static void start(void)
{
	wire.size = expected.size = 0;
	wire_machine(&wire, MACHINE);
}

static void add_page_bits(struct wire *to, uint32_t bits)
{
	wire_subsection(to, "configuration/target-page-bits");
	wire_be32(to, bits);
}

static void add_uuid(struct wire *to)
{
	wire_subsection(to, "configuration/uuid");
	wire_text(to, "0123456789abcdef");
}

/* From after the type byte, as callers do it. */
static int read_wire(struct configuration *configuration,
		     struct savetool_error *err)
{
	struct reader reader;
	int result;

	*configuration = (struct configuration){ 0 };
	/* The byte of what follows. */
	wire_u8(&wire, SECTION_START);
	reader_init_memory(&reader, wire.bytes + 1, wire.size - 1, 9);
	result = configuration_read(configuration, &reader, err);
	wire.size--;
	if (result == 0)
		assert_int_equal(reader_visible(&reader), 1);
	return result;
}

static struct configuration reads(void)
{
	struct configuration configuration;
	struct savetool_error err;

	assert_ok(read_wire(&configuration, &err), err);
	assert_true(configuration.present);
	return configuration;
}

static void refuses(enum savetool_code code, const char *text)
{
	struct configuration configuration;
	struct savetool_error err;

	assert_fails(read_wire(&configuration, &err), err, code, text);
	configuration_free(&configuration);
}

static void writes(const struct configuration *configuration, bool mapped,
		   const struct wire *bytes)
{
	struct savetool_error err;

	recorder_init(&recorder, false);
	assert_ok(configuration_write(configuration, mapped, &recorder.base,
				      &err),
		  err);
	assert_int_equal(recorder.base.position, bytes->size);
	assert_memory_equal(recorder.bytes, bytes->bytes, bytes->size);
}

TEST(a_machine_alone_is_read)
{
	struct configuration configuration;

	start();
	configuration = reads();
	assert_string_equal(configuration.machine, MACHINE);
	assert_false(configuration.has_page_bits);
	assert_false(configuration.has_uuid);
	assert_int_equal(configuration.capability_count, 0);
	assert_false(configuration_can(&configuration, "mapped-ram"));
	writes(&configuration, false, &wire);
	configuration_free(&configuration);
}

TEST(all_subsections_are_read_and_written)
{
	struct configuration configuration;

	start();
	add_page_bits(&wire, 12);
	wire_capability(&wire, "mapped-ram");
	add_uuid(&wire);
	configuration = reads();
	assert_true(configuration.has_page_bits);
	assert_int_equal(configuration.page_bits, 12);
	assert_true(configuration_can(&configuration, "mapped-ram"));
	assert_true(configuration.has_uuid);
	assert_memory_equal(configuration.uuid, "0123456789abcdef", 16);
	writes(&configuration, true, &wire);
	configuration_free(&configuration);
}

TEST(mapped_ram_is_added_byte_for_byte)
{
	struct configuration configuration;

	start();
	configuration = reads();
	wire_bytes(&wire, mapped_ram, sizeof(mapped_ram));
	writes(&configuration, true, &wire);
	configuration_free(&configuration);
}

TEST(mapped_ram_is_added_in_its_place)
{
	struct configuration configuration;

	start();
	add_page_bits(&wire, 12);
	add_uuid(&wire);
	wire_machine(&expected, MACHINE);
	add_page_bits(&expected, 12);
	wire_bytes(&expected, mapped_ram, sizeof(mapped_ram));
	add_uuid(&expected);
	configuration = reads();
	writes(&configuration, true, &expected);
	writes(&configuration, false, &wire);
	configuration_free(&configuration);
}

TEST(mapped_ram_is_taken_away)
{
	struct configuration configuration;

	start();
	wire_capability(&wire, "mapped-ram");
	add_uuid(&wire);
	wire_machine(&expected, MACHINE);
	add_uuid(&expected);
	configuration = reads();
	writes(&configuration, false, &expected);
	configuration_free(&configuration);
}

TEST(other_capabilities_stay_and_come_first)
{
	struct configuration configuration;

	start();
	wire_capability(&wire, "x-ignore-shared");
	wire_machine(&expected, MACHINE);
	wire_subsection(&expected, "configuration/capabilities");
	wire_be32(&expected, 2);
	wire_str8(&expected, "x-ignore-shared");
	wire_str8(&expected, "mapped-ram");
	configuration = reads();
	writes(&configuration, true, &expected);
	writes(&configuration, false, &wire);
	configuration_free(&configuration);
}

TEST(an_absent_section_is_not_written)
{
	struct configuration configuration = { 0 };

	start();
	writes(&configuration, false, &expected);
}

TEST(unknown_capabilities_are_unsupported)
{
	start();
	wire_capability(&wire, "teleport");
	refuses(SAVETOOL_UNSUPPORTED,
		"unknown capability 'teleport' (at byte 63)");
}

TEST(a_capability_is_there_once)
{
	start();
	wire_subsection(&wire, "configuration/capabilities");
	wire_be32(&wire, 2);
	wire_str8(&wire, "mapped-ram");
	wire_str8(&wire, "mapped-ram");
	refuses(SAVETOOL_CORRUPT,
		"capability 'mapped-ram' is listed twice (at byte 74)");
}

TEST(too_many_capabilities_are_refused)
{
	start();
	wire_subsection(&wire, "configuration/capabilities");
	wire_be32(&wire, 65);
	refuses(SAVETOOL_CORRUPT,
		"number of capabilities, 65, is out of range (at byte 59)");
}

TEST(subsections_have_their_order_and_come_once)
{
	start();
	add_uuid(&wire);
	add_uuid(&wire);
	refuses(SAVETOOL_CORRUPT,
		"subsection 'configuration/uuid' is out of place (at byte 67)");
	start();
	add_uuid(&wire);
	add_page_bits(&wire, 12);
	refuses(SAVETOOL_CORRUPT,
		"subsection 'configuration/target-page-bits' is out of place "
		"(at byte 67)");
}

TEST(a_machine_has_no_nul)
{
	wire.size = 0;
	wire_machine(&wire, MACHINE);
	wire.bytes[8] = '\0';
	refuses(SAVETOOL_CORRUPT,
		"machine type contains a NUL byte (at byte 13)");
}

TEST(unknown_subsections_are_unsupported)
{
	start();
	wire_subsection(&wire, "configuration/colour");
	refuses(SAVETOOL_UNSUPPORTED,
		"unknown subsection 'configuration/colour' (at byte 27)");
}

TEST(later_versions_of_subsections_are_unsupported)
{
	start();
	wire_u8(&wire, SECTION_SUBSECTION);
	wire_str8(&wire, "configuration/uuid");
	wire_be32(&wire, 2);
	refuses(SAVETOOL_UNSUPPORTED,
		"unknown version 2 of 'configuration/uuid' (at byte 27)");
}

TEST(impossible_page_sizes_are_refused)
{
	start();
	add_page_bits(&wire, 9);
	refuses(SAVETOOL_UNSUPPORTED,
		"page size of 2^9 bytes is out of range (at byte 63)");
	start();
	add_page_bits(&wire, 64);
	refuses(SAVETOOL_UNSUPPORTED,
		"page size of 2^64 bytes is out of range (at byte 63)");
}

TEST(a_machine_name_that_is_too_long_is_refused)
{
	wire.size = 0;
	wire_u8(&wire, SECTION_CONFIGURATION);
	wire_be32(&wire, 1025);
	wire_fill(&wire, 'm', 1025);
	refuses(SAVETOOL_CORRUPT,
		"length 1025 of the machine type is out of range (at byte 9)");
}

TEST(a_section_that_is_cut_off_is_incomplete)
{
	struct configuration configuration;
	struct reader reader;
	struct savetool_error err;

	start();
	add_page_bits(&wire, 12);
	wire_capability(&wire, "mapped-ram");
	add_uuid(&wire);
	wire_u8(&wire, SECTION_START);
	for (size_t size = 0; size < wire.size - 1; size++) {
		configuration = (struct configuration){ 0 };
		reader_init_memory(&reader, wire.bytes + 1, size, 0);
		assert_int_equal(
			configuration_read(&configuration, &reader, &err), -1);
		assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
		configuration_free(&configuration);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_alone_is_read),
		cmocka_unit_test(all_subsections_are_read_and_written),
		cmocka_unit_test(mapped_ram_is_added_byte_for_byte),
		cmocka_unit_test(mapped_ram_is_added_in_its_place),
		cmocka_unit_test(mapped_ram_is_taken_away),
		cmocka_unit_test(other_capabilities_stay_and_come_first),
		cmocka_unit_test(an_absent_section_is_not_written),
		cmocka_unit_test(unknown_capabilities_are_unsupported),
		cmocka_unit_test(a_capability_is_there_once),
		cmocka_unit_test(too_many_capabilities_are_refused),
		cmocka_unit_test(unknown_subsections_are_unsupported),
		cmocka_unit_test(later_versions_of_subsections_are_unsupported),
		cmocka_unit_test(subsections_have_their_order_and_come_once),
		cmocka_unit_test(a_machine_has_no_nul),
		cmocka_unit_test(impossible_page_sizes_are_refused),
		cmocka_unit_test(a_machine_name_that_is_too_long_is_refused),
		cmocka_unit_test(a_section_that_is_cut_off_is_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
