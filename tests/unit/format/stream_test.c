/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way from the magic to the tail: items, their order, their ends. */
#include "config.h"

#include "format/early.h"
#include "format/page_size.h"
#include "format/stream.h"

#include "unit/recorder.h"
#include "unit/wire.h"

#define MACHINE "pc-i440fx-10.0"

static struct wire wire;

/* A stream over what was written. */
struct walk {
	struct input *in;
	struct chunk_pool *pool;
	struct stream stream;
	struct stream_item item;
};

static struct walk walk;

static int open_wire(struct savetool_error *err)
{
	int result;

	assert_ok(input_open_memory(&walk.in, wire.bytes, wire.size, err),
		  *err);
	assert_ok(chunk_pool_new(&walk.pool, 1, err), *err);
	result = stream_open(&walk.stream, walk.in, walk.pool, 0, err);
	if (result < 0) {
		chunk_pool_free(walk.pool);
		input_close(walk.in);
	}
	return result;
}

static void close_walk(void)
{
	stream_close(&walk.stream);
	chunk_pool_free(walk.pool);
	input_close(walk.in);
	wire.size = 0;
}

static void start(void)
{
	wire.size = 0;
	wire_magic(&wire);
	wire_machine(&wire, MACHINE);
}

static void opens(void)
{
	struct savetool_error err;

	assert_ok(open_wire(&err), err);
}

static void does_not_open(enum savetool_code code, const char *text)
{
	struct savetool_error err;

	assert_fails(open_wire(&err), err, code, text);
	wire.size = 0;
}

static const struct stream_item *next(void)
{
	struct savetool_error err = { .text = "" };
	int more = stream_next(&walk.stream, &walk.item, &err);

	if (more != 1)
		fail_test("no next item: %d %s", more, err.text);
	return &walk.item;
}

static void next_fails(enum savetool_code code, const char *text)
{
	struct savetool_error err;

	assert_fails(stream_next(&walk.stream, &walk.item, &err), err, code,
		     text);
}

static void tail_is_next_at(uint64_t offset)
{
	struct savetool_error err;

	assert_int_equal(stream_next(&walk.stream, &walk.item, &err), 0);
	assert_int_equal(walk.stream.reader.offset, offset);
}

TEST(a_stream_starts_with_its_configuration)
{
	start();
	wire_u8(&wire, SECTION_EOF);
	opens();
	assert_string_equal(walk.stream.configuration.machine, MACHINE);
	assert_false(stream_is_mapped(&walk.stream));
	tail_is_next_at(8 + 5 + 14);
	close_walk();
}

TEST(a_stream_can_have_no_configuration)
{
	wire_magic(&wire);
	wire_u8(&wire, SECTION_EOF);
	opens();
	assert_false(walk.stream.configuration.present);
	tail_is_next_at(8);
	close_walk();
}

TEST(the_capability_decides_the_layout)
{
	start();
	wire_capability(&wire, "mapped-ram");
	wire_u8(&wire, SECTION_EOF);
	opens();
	assert_true(stream_is_mapped(&walk.stream));
	close_walk();
}

TEST(other_streams_are_distinguished)
{
	wire_text(&wire, "QEVN\0\0\0\3 and more");
	does_not_open(SAVETOOL_NOT_IMAGE, "not a QEMU stream (at byte 0)");
	wire_be32(&wire, STREAM_MAGIC);
	wire_be32(&wire, 2);
	does_not_open(
		SAVETOOL_UNSUPPORTED,
		"QEMU stream has version 2, which no QEMU has written since "
		"2010 (at byte 0)");
	wire_be32(&wire, STREAM_MAGIC);
	wire_be32(&wire, 4);
	does_not_open(SAVETOOL_UNSUPPORTED,
		      "QEMU stream has unknown version 4 (at byte 0)");
	wire_be32(&wire, MULTIFD_MAGIC);
	wire_be32(&wire, 1);
	does_not_open(SAVETOOL_UNSUPPORTED,
		      "one channel of a multifd migration, "
		      "which is not an image by itself (at byte 0)");
	wire_text(&wire, "QEV");
	does_not_open(SAVETOOL_NOT_IMAGE,
		      "file ends where the QEMU stream should start (at "
		      "byte 0)");
	does_not_open(SAVETOOL_INCOMPLETE,
		      "file ends where the QEMU stream should start (at "
		      "byte 0)");
}

TEST(a_stream_that_breaks_off_is_incomplete)
{
	wire_magic(&wire);
	does_not_open(SAVETOOL_INCOMPLETE, "image ends (at byte 8)");
	wire_magic(&wire);
	wire.size -= 2;
	does_not_open(SAVETOOL_INCOMPLETE, "image ends (at byte 6)");
	start();
	wire.size--;
	does_not_open(SAVETOOL_INCOMPLETE, "image ends (at byte 26)");
	start();
	does_not_open(SAVETOOL_INCOMPLETE, "image ends (at byte 27)");
	start();
	wire_u8(&wire, SECTION_START);
	opens();
	next_fails(SAVETOOL_INCOMPLETE, "image ends (at byte 28)");
	close_walk();
}

static void add_command(unsigned command, unsigned size)
{
	wire_u8(&wire, SECTION_COMMAND);
	wire_be16(&wire, command);
	wire_be16(&wire, size);
	wire_fill(&wire, 0xc0, size);
}

TEST(commands_are_shown_with_their_bytes)
{
	const struct stream_item *item;

	start();
	add_command(COMMAND_PING, 4);
	add_command(COMMAND_SWITCHOVER_START, 0);
	wire_u8(&wire, SECTION_EOF);
	opens();
	item = next();
	assert_int_equal(item->kind, STREAM_COMMAND);
	assert_int_equal(item->command, COMMAND_PING);
	assert_int_equal(item->command_size, 4);
	assert_memory_equal(item->command_data, "\xc0\xc0\xc0\xc0", 4);
	assert_int_equal(item->offset, 27);
	item = next();
	assert_int_equal(item->command, COMMAND_SWITCHOVER_START);
	assert_int_equal(item->offset, 27 + 9);
	tail_is_next_at(27 + 9 + 5);
	close_walk();
}

static void command_fails(unsigned command, unsigned size,
			  enum savetool_code code, const char *text)
{
	start();
	add_command(command, size);
	opens();
	next_fails(code, text);
	close_walk();
}

TEST(postcopy_is_unsupported)
{
	static const unsigned commands[] = {
		COMMAND_POSTCOPY_LISTEN,      COMMAND_POSTCOPY_RUN,
		COMMAND_POSTCOPY_RAM_DISCARD, COMMAND_PACKAGED,
		COMMAND_POSTCOPY_RESUME,      COMMAND_RECV_BITMAP,
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		command_fails(
			commands[i], 4, SAVETOOL_UNSUPPORTED,
			"postcopy migration: part of the memory is elsewhere "
			"(at byte 27)");
	command_fails(COMMAND_ENABLE_COLO, 0, SAVETOOL_UNSUPPORTED,
		      "COLO migration is not supported (at byte 27)");
}

TEST(other_commands_are_corrupt)
{
	command_fails(0, 0, SAVETOOL_CORRUPT, "unknown command 0 (at byte 27)");
	command_fails(12, 0, SAVETOOL_CORRUPT,
		      "unknown command 12 (at byte 27)");
	command_fails(COMMAND_PING, 5, SAVETOOL_CORRUPT,
		      "command 2 has a wrong length of 5 bytes (at byte 27)");
	command_fails(COMMAND_POSTCOPY_ADVISE, 8, SAVETOOL_CORRUPT,
		      "command 3 has a wrong length of 8 bytes (at byte 27)");
	command_fails(COMMAND_SWITCHOVER_START, 1, SAVETOOL_CORRUPT,
		      "command 11 has a wrong length of 1 bytes (at byte 27)");
}

/* The payload of the memory's START: one block of two pages. */
static void add_list(uint64_t page_size)
{
	wire_section(&wire, SECTION_START, 2, "ram", 4);
	wire_be64(&wire, 2 * page_size | RAM_MEM_SIZE);
	wire_str8(&wire, "pc.ram");
	wire_be64(&wire, 2 * page_size);
	wire_be64(&wire, RAM_EOS);
}

static void reads_list(void)
{
	struct savetool_error err;

	assert_true(section_is_ram(&next()->section));
	assert_ok(page_size_read_list(&walk.stream, &err), err);
	assert_ok(stream_read_ram_end_mark(&walk.stream, &err), err);
	assert_ok(stream_end_section(&walk.stream, &walk.item.section, &err),
		  err);
}

TEST(parts_know_the_name_of_their_start)
{
	const struct section *section = &walk.item.section;
	struct savetool_error err;

	start();
	add_list(4096);
	wire_footer(&wire, 2);
	wire_section(&wire, SECTION_END, 2, NULL, 0);
	wire_be64(&wire, RAM_EOS);
	wire_footer(&wire, 2);
	wire_device(&wire, 3, "timer", 10, true);
	opens();
	reads_list();
	assert_int_equal(walk.stream.footers, FOOTERS_PRESENT);
	assert_int_equal(walk.stream.ram.layout.count, 1);
	assert_false(walk.stream.ram_ended);
	next();
	assert_int_equal(section->type, SECTION_END);
	assert_string_equal(section->name, "ram");
	assert_int_equal(section->version, 4);
	assert_ok(stream_read_ram_end_mark(&walk.stream, &err), err);
	assert_ok(stream_end_section(&walk.stream, section, &err), err);
	assert_true(walk.stream.ram_ended);
	tail_is_next_at(section->offset + 5 + 8 + 5);
	close_walk();
}

TEST(a_stream_can_have_no_footers)
{
	start();
	add_list(4096);
	wire_section(&wire, SECTION_END, 2, NULL, 0);
	opens();
	reads_list();
	assert_int_equal(walk.stream.footers, FOOTERS_NONE);
	next();
	close_walk();
}

TEST(a_wrong_footer_is_corrupt)
{
	struct savetool_error err;

	start();
	add_list(4096);
	wire_footer(&wire, 5);
	opens();
	next();
	assert_ok(page_size_read_list(&walk.stream, &err), err);
	assert_ok(stream_read_ram_end_mark(&walk.stream, &err), err);
	assert_fails(
		stream_end_section(&walk.stream, &walk.item.section, &err), err,
		SAVETOOL_CORRUPT,
		"section 'ram' has no footer, or a wrong one (at byte 75)");
	close_walk();
}

TEST(once_there_are_footers_all_have_one)
{
	struct savetool_error err;

	start();
	add_list(4096);
	wire_footer(&wire, 2);
	wire_section(&wire, SECTION_PART, 2, NULL, 0);
	wire_be64(&wire, RAM_EOS);
	wire_section(&wire, SECTION_END, 2, NULL, 0);
	opens();
	reads_list();
	next();
	assert_ok(stream_read_ram_end_mark(&walk.stream, &err), err);
	assert_int_equal(
		stream_end_section(&walk.stream, &walk.item.section, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	close_walk();
}

TEST(parts_without_a_start_are_corrupt)
{
	start();
	wire_section(&wire, SECTION_PART, 9, NULL, 0);
	opens();
	next_fails(SAVETOOL_CORRUPT,
		   "part of section 9, which was never started (at byte 27)");
	close_walk();
}

TEST(a_section_starts_once)
{
	start();
	add_list(4096);
	wire_section(&wire, SECTION_START, 2, "other", 1);
	opens();
	reads_list();
	next_fails(SAVETOOL_CORRUPT, "section 2 starts twice (at byte 75)");
	close_walk();
}

TEST(memory_is_listed_once)
{
	struct savetool_error err;

	start();
	add_list(4096);
	wire_section(&wire, SECTION_START, 3, "ram", 4);
	wire_be64(&wire, RAM_MEM_SIZE);
	opens();
	reads_list();
	next();
	assert_fails(page_size_read_list(&walk.stream, &err), err,
		     SAVETOOL_CORRUPT,
		     "a second list of memory blocks (at byte 92)");
	close_walk();
}

TEST(memory_is_of_version_4)
{
	start();
	wire_section(&wire, SECTION_START, 2, "ram", 3);
	opens();
	next_fails(SAVETOOL_UNSUPPORTED,
		   "RAM section has unknown version 3 (at byte 27)");
	close_walk();
}

TEST(a_section_has_a_name)
{
	start();
	wire_section(&wire, SECTION_START, 2, "", 1);
	opens();
	next_fails(SAVETOOL_CORRUPT, "section without a name (at byte 27)");
	close_walk();
}

TEST(other_items_are_corrupt)
{
	static const uint8_t types[] = { 0x05, 0x06, 0x07, 0x09, 0x7e, 0xff };
	char text[64];

	for (size_t i = 0; i < sizeof(types); i++) {
		start();
		wire_u8(&wire, types[i]);
		if (types[i] == SECTION_SUBSECTION)
			continue; /* the configuration would take it */
		opens();
		snprintf(text, sizeof(text),
			 "unknown section type 0x%02x (at byte 27)", types[i]);
		next_fails(SAVETOOL_CORRUPT, text);
		close_walk();
	}
}

TEST(too_many_sections_are_refused)
{
	start();
	for (unsigned i = 0; i <= SECTIONS_LIMIT; i++)
		wire_section(&wire, SECTION_START, i, "x", 1);
	opens();
	for (unsigned i = 0; i < SECTIONS_LIMIT; i++)
		next();
	next_fails(SAVETOOL_CORRUPT, "more than 4096 sections (at byte 61467)");
	close_walk();
}

static uint64_t page_size_of(const struct vmdesc *vmdesc)
{
	struct savetool_error err;
	uint64_t page_size;

	opens();
	walk.stream.vmdesc = vmdesc;
	while (next()->kind == STREAM_COMMAND)
		;
	assert_ok(page_size_read_list(&walk.stream, &err), err);
	page_size = walk.stream.ram.layout.page_size;
	close_walk();
	return page_size;
}

TEST(the_page_size_is_stated_in_several_places)
{
	const struct vmdesc vmdesc = { .page_size = 8192 };

	start();
	add_list(16384);
	assert_int_equal(page_size_of(NULL), 4096);
	start();
	add_list(16384);
	assert_int_equal(page_size_of(&vmdesc), 8192);
	start();
	wire_subsection(&wire, "configuration/target-page-bits");
	wire_be32(&wire, 14);
	add_list(16384);
	assert_int_equal(page_size_of(&vmdesc), 16384);
	start();
	wire_u8(&wire, SECTION_COMMAND);
	wire_be16(&wire, COMMAND_POSTCOPY_ADVISE);
	wire_be16(&wire, 16);
	wire_be64(&wire, 0x201000);
	wire_be64(&wire, 2048);
	add_list(16384);
	assert_int_equal(page_size_of(&vmdesc), 2048);
}

TEST(page_sizes_are_those_of_targets)
{
	const struct vmdesc vmdesc = { .page_size = 5000 };
	struct savetool_error err;

	start();
	add_list(4096);
	opens();
	walk.stream.vmdesc = &vmdesc;
	next();
	assert_fails(page_size_read_list(&walk.stream, &err), err,
		     SAVETOOL_CORRUPT, "invalid page size 5000");
	close_walk();
}

TEST(a_record_is_no_end_of_records)
{
	struct savetool_error err;

	start();
	wire_section(&wire, SECTION_START, 2, "ram", 4);
	wire_be64(&wire, 4096 | RAM_PAGE);
	opens();
	next();
	assert_fails(stream_read_ram_end_mark(&walk.stream, &err), err,
		     SAVETOOL_CORRUPT,
		     "page record in a mapped-ram image (at byte 44)");
	close_walk();
}

#define EARLY "0000:00:04.0/virtio-mem-device-early"

TEST(only_virtio_mem_is_early)
{
	assert_true(section_is_early("virtio-mem-device-early"));
	assert_true(section_is_early(EARLY));
	assert_false(section_is_early("virtio-mem-device"));
	assert_false(section_is_early("mem-device-early"));
	assert_false(section_is_early("virtio-mem-device-early2"));
}

/* The section, its 30 bytes and footer are passed, and copied if wanted. */
TEST(an_early_section_is_as_long_as_described)
{
	static char timer[] = "timer", early[] = EARLY;
	struct vmdesc_device devices[] = { { timer, 0, 3 },
					   { early, 1, 4 },
					   { early, 0, 30 } };
	const struct vmdesc vmdesc = { 4096, 3, devices };
	static struct recorder copy;
	struct savetool_error err;

	start();
	wire_device(&wire, 1, EARLY, 30, true);
	wire_section(&wire, SECTION_START, 2, "ram", 4);
	wire_be64(&wire, 0);
	opens();
	walk.stream.vmdesc = &vmdesc;
	assert_int_equal(next()->section.type, SECTION_FULL);
	recorder_init(&copy, false);
	walk.stream.reader.copy_to = &copy.base;
	assert_ok(stream_skip_payload(&walk.stream, &walk.item.section, &err),
		  err);
	walk.stream.reader.copy_to = NULL;
	assert_int_equal(copy.base.position, 30);
	assert_int_equal(copy.bytes[29], 0xd1);
	assert_ok(stream_end_section(&walk.stream, &walk.item.section, &err),
		  err);
	assert_true(section_is_ram(&next()->section));
	close_walk();
}

TEST(an_early_section_of_unknown_length_is_unsupported)
{
	struct savetool_error err;

	start();
	wire_device(&wire, 1, EARLY, 30, true);
	opens();
	next();
	assert_int_equal(
		stream_skip_payload(&walk.stream, &walk.item.section, &err),
		-1);
	assert_int_equal(err.code, SAVETOOL_UNSUPPORTED);
	close_walk();
}

/* In what order QEMU sets them up, nobody promises. */
TEST(the_far_end_is_needed_for_an_early_section)
{
	for (unsigned lists = 0; lists < 2; lists++) {
		start();
		if (lists)
			add_list(4096);
		wire_device(&wire, 1, EARLY, 30, true);
		if (!lists)
			add_list(4096);
		opens();
		assert_true(early_needs_end(&walk.stream));
		/* The stream itself has not moved on. */
		assert_int_equal(next()->offset, 27);
		close_walk();
	}
}

TEST(the_far_end_is_not_needed_for_others)
{
	start();
	add_list(4096);
	wire_section(&wire, SECTION_PART, 2, "ram", 4);
	wire_be64(&wire, RAM_EOS);
	wire_device(&wire, 1, EARLY, 30, true);
	opens();
	assert_false(early_needs_end(&walk.stream));
	close_walk();
	start();
	wire_device(&wire, 1, "virtio-mem-device", 30, true);
	opens();
	assert_false(early_needs_end(&walk.stream));
	close_walk();
}

/* What is visible ends within the list: better read too much than too little.
 */
TEST(the_far_end_may_be_needed_if_memory_is_out_of_sight)
{
	start();
	wire_section(&wire, SECTION_START, 2, "ram", 4);
	wire_be64(&wire, 8192 | RAM_MEM_SIZE);
	opens();
	assert_true(early_needs_end(&walk.stream));
	close_walk();
}

TEST(other_whole_sections_are_the_tail)
{
	start();
	wire_device(&wire, 1, "virtio-mem-device", 30, true);
	opens();
	tail_is_next_at(27);
	close_walk();
}

TEST(a_tail_can_be_one_byte_of_a_section)
{
	start();
	wire_u8(&wire, SECTION_FULL);
	opens();
	tail_is_next_at(27);
	close_walk();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_starts_with_its_configuration),
		cmocka_unit_test(a_stream_can_have_no_configuration),
		cmocka_unit_test(the_capability_decides_the_layout),
		cmocka_unit_test(other_streams_are_distinguished),
		cmocka_unit_test(a_stream_that_breaks_off_is_incomplete),
		cmocka_unit_test(commands_are_shown_with_their_bytes),
		cmocka_unit_test(postcopy_is_unsupported),
		cmocka_unit_test(other_commands_are_corrupt),
		cmocka_unit_test(parts_know_the_name_of_their_start),
		cmocka_unit_test(a_stream_can_have_no_footers),
		cmocka_unit_test(a_wrong_footer_is_corrupt),
		cmocka_unit_test(once_there_are_footers_all_have_one),
		cmocka_unit_test(parts_without_a_start_are_corrupt),
		cmocka_unit_test(a_section_starts_once),
		cmocka_unit_test(memory_is_listed_once),
		cmocka_unit_test(memory_is_of_version_4),
		cmocka_unit_test(a_section_has_a_name),
		cmocka_unit_test(other_items_are_corrupt),
		cmocka_unit_test(too_many_sections_are_refused),
		cmocka_unit_test(the_page_size_is_stated_in_several_places),
		cmocka_unit_test(page_sizes_are_those_of_targets),
		cmocka_unit_test(a_record_is_no_end_of_records),
		cmocka_unit_test(only_virtio_mem_is_early),
		cmocka_unit_test(an_early_section_is_as_long_as_described),
		cmocka_unit_test(
			an_early_section_of_unknown_length_is_unsupported),
		cmocka_unit_test(the_far_end_is_needed_for_an_early_section),
		cmocka_unit_test(the_far_end_is_not_needed_for_others),
		cmocka_unit_test(
			the_far_end_may_be_needed_if_memory_is_out_of_sight),
		cmocka_unit_test(other_whole_sections_are_the_tail),
		cmocka_unit_test(a_tail_can_be_one_byte_of_a_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
