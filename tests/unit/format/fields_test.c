/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fields of a section by the vmdesc: where each lies, what it is called,
 * and what becomes of descriptions that do not add up.
 */
#include "config.h"

#include "format/fields.h"

#include "unit/wire.h"

#define DEVICES(list) "{\"page_size\": 4096, \"devices\": [" list "]}"
#define DEVICE(name, fields)                                                   \
	"{\"name\": \"" name "\", \"instance_id\": 0, \"version\": 1, "        \
	"\"fields\": [" fields "]}"
#define FIELD(name, type, size)                                                \
	"{\"name\": \"" name "\", \"type\": \"" type "\", \"size\": " #size "}"
#define ARRAY(name, len, type, size)                                           \
	"{\"name\": \"" name "\", \"array_len\": " #len ", \"type\": \"" type  \
	"\", \"size\": " #size "}"
#define ELEMENT(name, index, type, size)                                       \
	"{\"name\": \"" name "\", \"index\": " #index ", \"type\": \"" type    \
	"\", \"size\": " #size "}"
#define STRUCT(name, fields, size)                                             \
	"{\"name\": \"" name "\", \"type\": \"struct\", \"struct\": "          \
	"{\"vmsd_name\": \"s\", \"version\": 1, \"fields\": [" fields          \
	"]}, \"size\": " #size "}"
#define STRUCTS(name, len, fields, size)                                       \
	"{\"name\": \"" name "\", \"array_len\": " #len                        \
	", \"type\": \"struct\", \"struct\": {\"fields\": [" fields            \
	"]}, \"size\": " #size "}"
/* Lists, "tmp" and "vstruct" have no object of their own. */
#define BARE(name, type, fields, size)                                         \
	"{\"name\": \"" name "\", \"type\": \"" type                           \
	"\", \"vmsd_name\": \"s\", \"version\": 1, \"fields\": [" fields       \
	"], \"size\": " #size "}"
#define SUBSECTION(name, version, fields)                                      \
	"{\"vmsd_name\": \"" name "\", \"version\": " #version                 \
	", \"fields\": [" fields "]}"

/* Descriptions in a row. */
#define LIST2(a, b) a ", " b
#define LIST3(a, ...) a ", " LIST2(__VA_ARGS__)
#define LIST4(a, ...) a ", " LIST3(__VA_ARGS__)
#define LIST5(a, ...) a ", " LIST4(__VA_ARGS__)
#define LIST6(a, ...) a ", " LIST5(__VA_ARGS__)

#define NUMBERS LIST2(FIELD("a", "uint16", 2), FIELD("b", "int8", 1))

static struct wire wire;

static void add(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, 4096 - used, format, arguments);
	va_end(arguments);
}

static void add_item(const struct fields_walk *walk, const struct field *field,
		     char *text)
{
	char path[FIELDS_PATH_SIZE];

	fields_path(walk, field, 0, path);
	if (field->kind == FIELD_VALUE)
		add(text, "%s %d@%" PRIu64 ":%" PRIu64 "*%" PRIu64 "\n", path,
		    field->type, field->offset, field->size, field->count);
	else if (field->kind == FIELD_REST)
		add(text, "rest @%" PRIu64 ":%" PRIu64 "\n", field->offset,
		    field->size);
	else if (field->kind == FIELD_END)
		add(text, "end\n");
	else
		add(text, "%s %s\n",
		    field->kind == FIELD_ARRAY ? "array" :
		    field->subsection          ? "subsection" :
						 "struct",
		    path);
}

/* The section "dev" in the wire, with such a vmdesc, is shown like this. */
static void shows(const char *json, bool expected_described,
		  const char *expected)
{
	char *bare = malloc(strlen(json));
	char text[4096] = "";
	struct fields *fields;
	struct fields_walk walk;
	struct savetool_error err;
	struct input *in;
	struct field field;
	bool described;
	int more;

	memcpy(bare, json, strlen(json));
	assert_ok(fields_parse(&fields, bare, strlen(json), &err), err);
	free(bare);
	assert_ok(input_open_memory(&in, wire.bytes, wire.size, &err), err);
	assert_ok(fields_begin(&walk, &described, fields, in, "dev", 0, 0,
			       wire.size, &err),
		  err);
	assert_int_equal(described, expected_described);
	while ((more = fields_next(&walk, &field, &err)) > 0)
		add_item(&walk, &field, text);
	assert_int_equal(more, 0);
	assert_string_equal(text, expected);
	fields_end(&walk);
	input_close(in);
	fields_free(fields);
}

static void payload(size_t size)
{
	wire.size = 0;
	wire_fill(&wire, 0xdd, size);
}

#define ALL_TYPES                                                              \
	LIST6(FIELD("flag", "bool", 1), FIELD("n", "uint64", 8),               \
	      FIELD("e", "int32 equal", 4), FIELD("t", "timer", 8),            \
	      FIELD("p", "nullptr", 1), FIELD("x", "cpsr", 2))

TEST(numbers_have_the_sign_of_their_type)
{
	payload(1 + 8 + 4 + 8 + 1 + 2);
	shows(DEVICES(DEVICE("dev", ALL_TYPES)), true,
	      "flag 3@0:1*1\nn 1@1:8*1\ne 2@9:4*1\nt 2@13:8*1\np 4@21:1*1\n"
	      "x 0@22:2*1\n");
}

TEST(a_null_pointer_of_older_releases_is_one)
{
	payload(1);
	shows(DEVICES(DEVICE("dev", FIELD("p", "uint64", 1))), true,
	      "p 4@0:1*1\n");
}

TEST(an_array_is_one_value_of_many_elements)
{
	payload(16 + 4);
	shows(DEVICES(DEVICE("dev", LIST2(ARRAY("regs", 4, "uint32", 4),
					  FIELD("ip", "uint32", 4)))),
	      true, "array regs\nregs[0] 1@0:4*4\nend\nip 1@16:4*1\n");
}

TEST(structs_in_an_array_are_walked_one_by_one)
{
	payload(3 * 3);
	shows(DEVICES(DEVICE("dev", LIST2(STRUCTS("segs", 2, NUMBERS, 3),
					  STRUCT("one", NUMBERS, 3)))),
	      true,
	      "array segs\n"
	      "struct segs[0]\nsegs[0]/a 1@0:2*1\nsegs[0]/b 2@2:1*1\nend\n"
	      "struct segs[1]\nsegs[1]/a 1@3:2*1\nsegs[1]/b 2@5:1*1\nend\n"
	      "end\n"
	      "struct one\none/a 1@6:2*1\none/b 2@8:1*1\nend\n");
}

/* QEMU, vmsd_can_compress(), and from 10.0 arrays with null pointers. */
TEST(an_array_in_pieces_is_one_array)
{
	payload(2 + 1 + 1 + 2 * 3);
	shows(DEVICES(DEVICE("dev", LIST4(ELEMENT("x", 0, "uint16", 2),
					  ARRAY("x", 2, "nullptr", 1),
					  ELEMENT("x", 3, "uint16", 2),
					  FIELD("y", "uint32", 4)))),
	      true,
	      "array x\nx[0] 1@0:2*1\nx[1] 4@2:1*2\nx[3] 1@4:2*1\nend\n"
	      "y 1@6:4*1\n");
}

/* A device with a field and a subsection. */
#define WITH_SUBSECTION(version)                                               \
	DEVICES(SUBSECTED(                                                     \
		FIELD("a", "uint16", 2),                                       \
		SUBSECTION("dev/more", version, FIELD("b", "bool", 1))))
#define SUBSECTED(fields, subsection)                                          \
	"{\"name\": \"dev\", \"instance_id\": 0, \"fields\": [" fields         \
	"], \"subsections\": [" subsection "]}"

static void subsection_payload(void)
{
	wire.size = 0;
	wire_be16(&wire, 7);
	wire_subsection(&wire, "dev/more");
	wire_u8(&wire, 1);
}

TEST(subsections_come_after_their_header)
{
	subsection_payload();
	shows(WITH_SUBSECTION(1), true,
	      "a 1@0:2*1\nsubsection dev/more\ndev/more/b 3@16:1*1\nend\n");
}

/* Another version may have other fields of the same length. */
TEST(another_subsection_than_described_is_bytes)
{
	subsection_payload();
	shows(WITH_SUBSECTION(2), true, "a 1@0:2*1\nrest @2:15\n");
}

TEST(a_section_of_another_length_is_bytes)
{
	payload(4);
	shows(DEVICES(DEVICE("dev", NUMBERS)), false, "rest @0:4\n");
	shows(DEVICES(LIST2(DEVICE("dev", NUMBERS),
			    DEVICE("dev", FIELD("n", "uint32", 4)))),
	      true, "n 1@0:4*1\n");
	shows(DEVICES(DEVICE("other", FIELD("n", "uint32", 4))), false,
	      "rest @0:4\n");
}

TEST(a_struct_that_does_not_add_up_is_bytes)
{
	payload(4 + 2);
	shows(DEVICES(DEVICE("dev", LIST2(STRUCT("s", NUMBERS, 4),
					  FIELD("n", "uint16", 2)))),
	      true, "s 0@0:4*1\nn 1@4:2*1\n");
}

static void list_payload(uint8_t mark)
{
	wire.size = 0;
	for (unsigned i = 0; i < 2; i++) {
		wire_u8(&wire, i == 0 ? 1 : mark);
		wire_fill(&wire, 0xdd, 3);
	}
	wire_u8(&wire, 0);
}

/* QEMU, put_qtailq() */
TEST(a_list_is_an_array_of_structs)
{
	list_payload(1);
	shows(DEVICES(DEVICE("dev", BARE("list", "qtailq", NUMBERS, 9))), true,
	      "array list\n"
	      "struct list[0]\nlist[0]/a 1@1:2*1\nlist[0]/b 2@3:1*1\nend\n"
	      "struct list[1]\nlist[1]/a 1@5:2*1\nlist[1]/b 2@7:1*1\nend\n"
	      "end\n");
}

TEST(a_list_of_different_structs_is_bytes)
{
	list_payload(2);
	shows(DEVICES(DEVICE("dev", BARE("list", "qtailq", NUMBERS, 9))), true,
	      "list 0@0:9*1\n");
}

TEST(fields_without_an_object_of_their_own_are_walked)
{
	payload(3);
	shows(DEVICES(DEVICE("dev", BARE("tmp", "tmp", NUMBERS, 3))), true,
	      "struct tmp\ntmp/a 1@0:2*1\ntmp/b 2@2:1*1\nend\n");
}

/* Otherwise few bytes would be billions of fields. */
TEST(fields_without_bytes_do_not_multiply)
{
	payload(2);
	shows(DEVICES(DEVICE("dev",
			     LIST2(ARRAY("none", 1000000000000, "uint8", 0),
				   FIELD("n", "uint16", 2)))),
	      true, "array none\nend\nn 1@0:2*1\n");
	shows(DEVICES(DEVICE("dev", LIST2(STRUCTS("s", 1000000000000,
						  FIELD("z", "uint8", 0), 0),
					  FIELD("n", "uint16", 2)))),
	      true, "array s\nend\nn 1@0:2*1\n");
}

TEST(a_device_without_fields_has_none)
{
	payload(0);
	shows(DEVICES(DEVICE("dev", "")), true, "");
}

TEST(sizes_beyond_all_bounds_are_bytes)
{
	payload(2);
	shows(DEVICES(DEVICE("dev",
			     ARRAY("n", 18446744073709551615, "uint64", 8))),
	      false, "rest @0:2\n");
}

TEST(what_is_no_vmdesc_is_refused)
{
	struct savetool_error err;
	struct fields *fields;

	assert_fails(fields_parse(&fields, "{}", 2, &err), err,
		     SAVETOOL_CORRUPT, "vmdesc is not valid QEMU JSON");
	assert_fails(fields_parse(&fields, "[1]", 3, &err), err,
		     SAVETOOL_CORRUPT, "vmdesc is not valid QEMU JSON");
}

/* A tail whose only section is this one, called "dev". */
struct lookup {
	struct input *in;
	struct fields *fields;
	struct savetool_device device;
	struct tail tail;
};

static void lookup_begin(struct lookup *lookup)
{
	static const char json[] = DEVICES(DEVICE(
		"dev",
		LIST4(STRUCT("parent_obj", FIELD("config", "pci config", 4), 4),
		      ARRAY("regs", 3, "uint16", 2),
		      STRUCTS("segs", 2, NUMBERS, 3),
		      FIELD("s[1]", "int16", 2))));
	struct savetool_error err;

	wire.size = 0;
	wire_section(&wire, SECTION_FULL, 3, "dev", 1);
	wire_text(&wire, "\x86\x80\x37\x12");
	for (unsigned i = 0; i < 3; i++)
		wire_be16(&wire, 0x1000 + i);
	for (unsigned i = 0; i < 2; i++) {
		wire_be16(&wire, 0x2000 + i);
		wire_u8(&wire, 0xff - i);
	}
	wire_be16(&wire, 0xfffe);
	assert_ok(fields_parse(&lookup->fields, json, strlen(json), &err), err);
	assert_ok(input_open_memory(&lookup->in, wire.bytes, wire.size, &err),
		  err);
	lookup->device = (struct savetool_device){
		.name = "dev",
		.length = wire.size - SECTION_HEADER_SIZE - strlen("dev"),
	};
	lookup->tail = (struct tail){
		.in = lookup->in,
		.size = wire.size,
		.device_count = 1,
		.devices = &lookup->device,
	};
}

static void lookup_end(struct lookup *lookup)
{
	input_close(lookup->in);
	fields_free(lookup->fields);
}

static void number_is(const struct lookup *lookup, const char *path,
		      uint64_t expected)
{
	struct savetool_error err;
	uint64_t number;

	assert_ok(fields_find_number(&number, lookup->fields, &lookup->tail,
				     "dev", 0, path, &err),
		  err);
	assert_int_equal(number, expected);
}

TEST(a_number_is_found_by_the_end_of_its_path)
{
	struct lookup lookup;

	lookup_begin(&lookup);
	number_is(&lookup, "s", (uint64_t)-2);
	number_is(&lookup, "s[1]", (uint64_t)-2);
	number_is(&lookup, "s[0]", SAVETOOL_UNKNOWN);
	number_is(&lookup, "regs[0]", 0x1000);
	number_is(&lookup, "regs[2]", 0x1002);
	number_is(&lookup, "regs[3]", SAVETOOL_UNKNOWN);
	number_is(&lookup, "segs[1]/a", 0x2001);
	number_is(&lookup, "a", 0x2000);
	number_is(&lookup, "segs[1]/b", (uint64_t)-2);
	number_is(&lookup, "egs[1]/b", SAVETOOL_UNKNOWN);
	number_is(&lookup, "config", SAVETOOL_UNKNOWN);
	lookup_end(&lookup);
}

TEST(a_section_is_found_without_its_place_on_the_bus)
{
	struct lookup lookup;
	uint64_t offset, length;

	lookup_begin(&lookup);
	lookup.device.name = "0000:00:1f.0/dev";
	assert_true(fields_section(&lookup.tail, "dev", 0, &offset, &length));
	assert_int_equal(offset, SECTION_HEADER_SIZE + 16);
	assert_int_equal(length, lookup.device.length);
	assert_false(fields_section(&lookup.tail, "ev", 0, &offset, &length));
	assert_false(fields_section(&lookup.tail, "dev", 1, &offset, &length));
	lookup_end(&lookup);
}

TEST(bytes_are_found_and_as_many_read_as_fit)
{
	struct savetool_error err;
	struct lookup lookup;
	uint8_t bytes[8];
	size_t size;

	lookup_begin(&lookup);
	assert_ok(fields_find_bytes(bytes, 2, &size, lookup.fields,
				    &lookup.tail, "dev", 0, "parent_obj/config",
				    &err),
		  err);
	assert_int_equal(size, 4);
	assert_memory_equal(bytes, "\x86\x80", 2);
	assert_ok(fields_find_bytes(bytes, sizeof(bytes), &size, lookup.fields,
				    &lookup.tail, "dev", 0, "regs", &err),
		  err);
	assert_int_equal(size, 6);
	assert_memory_equal(bytes, "\x10\x00\x10\x01\x10\x02", 6);
	assert_ok(fields_find_bytes(bytes, sizeof(bytes), &size, lookup.fields,
				    &lookup.tail, "dev", 1, "regs", &err),
		  err);
	assert_int_equal(size, 0);
	lookup_end(&lookup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_sign_of_their_type),
		cmocka_unit_test(a_null_pointer_of_older_releases_is_one),
		cmocka_unit_test(an_array_is_one_value_of_many_elements),
		cmocka_unit_test(structs_in_an_array_are_walked_one_by_one),
		cmocka_unit_test(an_array_in_pieces_is_one_array),
		cmocka_unit_test(subsections_come_after_their_header),
		cmocka_unit_test(another_subsection_than_described_is_bytes),
		cmocka_unit_test(a_section_of_another_length_is_bytes),
		cmocka_unit_test(a_struct_that_does_not_add_up_is_bytes),
		cmocka_unit_test(a_list_is_an_array_of_structs),
		cmocka_unit_test(a_list_of_different_structs_is_bytes),
		cmocka_unit_test(
			fields_without_an_object_of_their_own_are_walked),
		cmocka_unit_test(fields_without_bytes_do_not_multiply),
		cmocka_unit_test(a_device_without_fields_has_none),
		cmocka_unit_test(sizes_beyond_all_bounds_are_bytes),
		cmocka_unit_test(what_is_no_vmdesc_is_refused),
		cmocka_unit_test(a_number_is_found_by_the_end_of_its_path),
		cmocka_unit_test(
			a_section_is_found_without_its_place_on_the_bus),
		cmocka_unit_test(bytes_are_found_and_as_many_read_as_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
