/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the vmdesc says, and how its capability is changed in QEMU's own
 * spelling.
 */
#include "config.h"

#include "format/vmdesc.h"

#include "unit/check.h"

/* Pieces of what QEMU 10.0.2 wrote for one guest, saved both ways. */
#define NAME                                                                   \
	"\"configuration\": {\"vmsd_name\": \"configuration\", "               \
	"\"version\": 1, \"fields\": [{\"name\": \"len\", "                    \
	"\"type\": \"uint32\", \"size\": 4}, {\"name\": \"name\", "            \
	"\"type\": \"buffer\", \"size\": 14}]"
#define CAPABILITIES                                                           \
	"{\"vmsd_name\": \"configuration/capabilities\", \"version\": 1, "     \
	"\"fields\": [{\"name\": \"caps_count\", \"type\": \"uint32\", "       \
	"\"size\": 4}, {\"name\": \"capabilities\", "                          \
	"\"type\": \"capability\", \"size\": 11}]}"
#define REST                                                                   \
	"}, \"page_size\": 4096, \"devices\": [{\"name\": \"timer\", "         \
	"\"instance_id\": 0, \"vmsd_name\": \"timer\", \"version\": 2, "       \
	"\"fields\": [{\"name\": \"cpu_ticks_offset\", \"type\": \"int64\", "  \
	"\"size\": 8}, {\"name\": \"unused\", \"type\": \"unused_buffer\", "   \
	"\"size\": 8}, {\"name\": \"cpu_clock_offset\", "                      \
	"\"type\": \"int64\", \"size\": 8}]}]}"

#define SEQUENTIAL "{" NAME REST
#define MAPPED "{" NAME ", \"subsections\": [" CAPABILITIES "]" REST

/* The other subsections, as migration/savevm.c has QEMU describe them. */
#define PAGE_BITS                                                              \
	"{\"vmsd_name\": \"configuration/target-page-bits\", "                 \
	"\"version\": 1, \"fields\": [{\"name\": \"target_page_bits\", "       \
	"\"type\": \"uint32\", \"size\": 4}]}"
#define UUID                                                                   \
	"{\"vmsd_name\": \"configuration/uuid\", \"version\": 1, "             \
	"\"fields\": [{\"name\": \"uuid\", \"array_len\": 16, "                \
	"\"type\": \"uint8\", \"size\": 1}]}"
#define SUBSECTIONS(list) "{" NAME ", \"subsections\": [" list "]" REST

#define TWO_ARRAYS                                                             \
	"{" NAME ", \"subsections\": [], \"subsections\": [" CAPABILITIES      \
	"]" REST

/* QEMU 7.2 does not describe the configuration. */
#define OLD                                                                    \
	"{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", "           \
	"\"instance_id\": 0, \"vmsd_name\": \"timer\", \"version\": 2, "       \
	"\"fields\": []}]}"

/* Without a NUL after it, as in an image. */
static void becomes(const char *json, bool mapped, const char *expected)
{
	size_t size = strlen(json), edited_size;
	char *bare = malloc(size), *edited;
	struct savetool_error err;

	memcpy(bare, json, size);
	assert_ok(vmdesc_set_mapped(&edited, &edited_size, bare, size, mapped,
				    &err),
		  err);
	free(bare);
	assert_int_equal(edited_size, strlen(expected));
	edited = realloc(edited, edited_size + 1);
	edited[edited_size] = '\0';
	assert_string_equal(edited, expected);
	free(edited);
}

/* Both ways, and each stays what it is already. */
static void goes_both_ways(const char *sequential, const char *mapped)
{
	becomes(sequential, true, mapped);
	becomes(mapped, false, sequential);
	becomes(sequential, false, sequential);
	becomes(mapped, true, mapped);
}

TEST(an_edited_vmdesc_is_what_qemu_itself_writes)
{
	goes_both_ways(SEQUENTIAL, MAPPED);
}

TEST(capabilities_stand_before_the_uuid)
{
	goes_both_ways(SUBSECTIONS(UUID), SUBSECTIONS(CAPABILITIES ", " UUID));
}

TEST(capabilities_stand_after_the_page_bits)
{
	goes_both_ways(SUBSECTIONS(PAGE_BITS),
		       SUBSECTIONS(PAGE_BITS ", " CAPABILITIES));
}

TEST(capabilities_stand_between_them)
{
	goes_both_ways(SUBSECTIONS(PAGE_BITS ", " UUID),
		       SUBSECTIONS(PAGE_BITS ", " CAPABILITIES ", " UUID));
}

TEST(without_a_configuration_all_stays)
{
	goes_both_ways(OLD, OLD);
	goes_both_ways("{}", "{}");
}

TEST(text_that_is_not_an_object_is_not_changed)
{
	goes_both_ways("", "");
	goes_both_ways("[1, 2]", "[1, 2]");
	goes_both_ways("{\"configuration\": 5}", "{\"configuration\": 5}");
}

TEST(an_array_that_stands_first_stays_as_an_empty_one)
{
	becomes("{\"configuration\": {\"subsections\": [" CAPABILITIES
		"], \"fields\": []}}",
		false,
		"{\"configuration\": {\"subsections\": [], "
		"\"fields\": []}}");
	becomes("{\"configuration\": {\"subsections\": [], \"fields\": []}}",
		true,
		"{\"configuration\": {\"subsections\": [" CAPABILITIES
		"], \"fields\": []}}");
}

/* So that the same change again changes nothing. */
TEST(keys_that_come_twice_are_not_changed)
{
	goes_both_ways(SUBSECTIONS(CAPABILITIES ", " UUID ", " CAPABILITIES),
		       SUBSECTIONS(CAPABILITIES ", " UUID ", " CAPABILITIES));
	goes_both_ways(TWO_ARRAYS, TWO_ARRAYS);
}

TEST(text_that_qemu_does_not_write_is_not_changed)
{
	goes_both_ways("{\"configuration\": {}}", "{\"configuration\": {}}");
	goes_both_ways("{\"configuration\": {\"subsections\": {}}}",
		       "{\"configuration\": {\"subsections\": {}}}");
}

TEST(a_name_elsewhere_in_a_subsection_is_not_its_own)
{
	static const char entry[] =
		"{" NAME ", \"subsections\": [{\"vmsd_name\": \"a\", \"b\": "
		"\"configuration/capabilities\"}]" REST;

	becomes(entry, false, entry);
}

TEST(a_key_of_that_name_elsewhere_is_not_meant)
{
	goes_both_ways("{\"page_size\": 4096, \"devices\": [{\"name\": \"a\", "
		       "\"configuration\": {\"fields\": []}}]}",
		       "{\"page_size\": 4096, \"devices\": [{\"name\": \"a\", "
		       "\"configuration\": {\"fields\": []}}]}");
	goes_both_ways("{\"a\": \"\\\"configuration\\\": {\", " NAME REST,
		       "{\"a\": \"\\\"configuration\\\": {\", " NAME
		       ", \"subsections\": [" CAPABILITIES "]" REST);
	goes_both_ways("{'a': '\"}', \"configuration\": 5}",
		       "{'a': '\"}', \"configuration\": 5}");
	goes_both_ways("{\"a\": 1} \"configuration\": {}",
		       "{\"a\": 1} \"configuration\": {}");
}

/* Any cut of a real text: no crash, no read beyond (valgrind, sanitizers). */
TEST(text_that_is_cut_off_is_not_read_past_its_end)
{
	static const char text[] =
		SUBSECTIONS(PAGE_BITS ", " CAPABILITIES ", " UUID);
	struct savetool_error err;

	for (size_t size = 0; size < sizeof(text); size++) {
		char *bare = malloc(size ? size : 1), *edited;
		size_t edited_size;

		memcpy(bare, text, size);
		for (int mapped = 0; mapped < 2; mapped++) {
			if (vmdesc_set_mapped(&edited, &edited_size, bare, size,
					      mapped, &err) == 0)
				free(edited);
		}
		free(bare);
	}
}

/* Without that device, this is what remains. */
static void drops(const char *json, unsigned device, const char *expected)
{
	size_t size = strlen(json), edited_size;
	char *bare = malloc(size), *edited;
	struct savetool_error err;

	memcpy(bare, json, size);
	assert_ok(vmdesc_drop_device(&edited, &edited_size, bare, size, device,
				     &err),
		  err);
	free(bare);
	assert_int_equal(edited_size, strlen(expected));
	assert_memory_equal(edited, expected, edited_size);
	free(edited);
}

TEST(a_device_goes_with_one_comma)
{
	const char *json = "{\"page_size\": 4096,  \"devices\" : [{\"name\": "
			   "\"a\"}, {\"name\": \"[b,\"},\n {\"c\": [1, 2]}] }";

	drops(json, 0,
	      "{\"page_size\": 4096,  \"devices\" : [{\"name\": \"[b,\"},\n "
	      "{\"c\": [1, 2]}] }");
	drops(json, 1,
	      "{\"page_size\": 4096,  \"devices\" : [{\"name\": \"a\"}, "
	      "{\"c\": [1, 2]}] }");
	drops(json, 2,
	      "{\"page_size\": 4096,  \"devices\" : [{\"name\": \"a\"}, "
	      "{\"name\": \"[b,\"}] }");
	drops("{\"devices\":[{\"name\":\"a\"}]}", 0, "{\"devices\":[]}");
}

TEST(devices_that_are_listed_twice_stay)
{
	const char json[] = "{\"devices\": [{}], \"devices\": [{}]}";
	struct savetool_error err;
	char *edited;
	size_t size;

	assert_int_equal(vmdesc_drop_device(&edited, &size, json,
					    sizeof(json) - 1, 0, &err),
			 -1);
	assert_int_equal(err.code, SAVETOOL_UNSUPPORTED);
}

static struct vmdesc *parses(const char *json)
{
	size_t size = strlen(json);
	char *bare = malloc(size);
	struct vmdesc *vmdesc;
	struct savetool_error err;

	memcpy(bare, json, size);
	assert_ok(vmdesc_parse(&vmdesc, bare, size, &err), err);
	free(bare);
	return vmdesc;
}

static void refuses(const char *json, const char *text)
{
	struct vmdesc *vmdesc;
	struct savetool_error err;

	assert_fails(vmdesc_parse(&vmdesc, json, strlen(json), &err), err,
		     SAVETOOL_CORRUPT, text);
}

TEST(a_real_one_is_understood)
{
	struct vmdesc *vmdesc = parses(MAPPED);

	assert_int_equal(vmdesc->page_size, 4096);
	assert_int_equal(vmdesc->count, 1);
	assert_string_equal(vmdesc->devices[0].name, "timer");
	assert_int_equal(vmdesc->devices[0].instance, 0);
	assert_int_equal(vmdesc->devices[0].length, 24);
	vmdesc_free(vmdesc);
}

/* The length of one device with this inside. */
static uint64_t length_of(const char *inside)
{
	struct vmdesc *vmdesc;
	uint64_t length;
	char *json;

	assert_true(asprintf(&json,
			     "{\"devices\": [{\"name\": \"x\", "
			     "\"instance_id\": 3, %s}]}",
			     inside) > 0);
	vmdesc = parses(json);
	assert_int_equal(vmdesc->page_size, 0);
	assert_int_equal(vmdesc->devices[0].instance, 3);
	length = vmdesc->devices[0].length;
	vmdesc_free(vmdesc);
	free(json);
	return length;
}

TEST(arrays_count_as_often_as_they_are_long)
{
	assert_int_equal(length_of("\"fields\": [{\"size\": 8, \"array_len\": "
				   "5}, {\"size\": 3}]"),
			 43);
	assert_int_equal(
		length_of("\"fields\": [{\"size\": 8, \"array_len\": 0}]"), 0);
}

TEST(the_size_of_a_struct_holds_all_beneath)
{
	assert_int_equal(
		length_of("\"fields\": [{\"size\": 20, \"type\": \"struct\", "
			  "\"struct\": {\"fields\": [{\"size\": 20}]}}]"),
		20);
}

/* 05, the length of the name, the name, a version, and what is inside. */
TEST(subsections_have_a_header_each)
{
	assert_int_equal(
		length_of("\"fields\": [{\"size\": 4}], \"subsections\": "
			  "[{\"vmsd_name\": \"x/abc\", \"version\": 1, "
			  "\"fields\": [{\"size\": 2}], \"subsections\": "
			  "[{\"vmsd_name\": \"x/abc/d\", \"fields\": []}]}]"),
		4 + (1 + 1 + 5 + 4 + 2) + (1 + 1 + 7 + 4));
}

TEST(other_texts_are_corrupt)
{
	const char *text = "vmdesc is not valid QEMU JSON";

	refuses("", text);
	refuses("{", text);
	refuses("[]", text);
	refuses("{\"page_size\": 4096}", text);
	refuses("{\"devices\": {}}", text);
}

/* Parsed, it would take a gigabyte. */
TEST(a_text_of_brackets_is_not_parsed)
{
	const char head[] = "{\"devices\": [], \"x\": [";
	size_t size = sizeof(head) - 1, count = 500000;
	char *json = malloc(size + 3 * count + 4);
	struct vmdesc *vmdesc;
	struct savetool_error err;

	memcpy(json, head, size);
	for (size_t i = 0; i < count; i++, size += 3)
		memcpy(json + size, "{},", 3);
	memcpy(json + size, "0]}", 3);
	assert_fails(vmdesc_parse(&vmdesc, json, size + 3, &err), err,
		     SAVETOOL_CORRUPT, "vmdesc is not valid QEMU JSON");
	free(json);
}

TEST(an_empty_list_of_subsections_gets_one)
{
	becomes(SUBSECTIONS(""), true, SUBSECTIONS(CAPABILITIES));
}

TEST(text_that_only_looks_like_json_is_corrupt)
{
	const char *text = "vmdesc is not valid QEMU JSON";

	refuses("{\"devices\": [] /* none */}", text);
	refuses("{\"devices\": []}, {\"configuration\": {}}", text);
}

TEST(devices_beyond_reason_are_corrupt)
{
	const char *text =
		"vmdesc has a device without a name, or with values out of "
		"range";

	refuses("{\"devices\": [{\"instance_id\": 0}]}", text);
	refuses("{\"devices\": [{\"name\": 5}]}", text);
	refuses("{\"devices\": [{\"name\": \"x\", \"fields\": [{\"size\": "
		"9223372036854775807, \"array_len\": 3}]}]}",
		text);
	refuses("{\"devices\": [{\"name\": \"x\", \"fields\": [{\"size\": "
		"562949953421312}]}]}",
		text);
}

TEST(elements_of_other_kinds_do_no_harm)
{
	struct vmdesc *vmdesc;
	struct savetool_error err;
	static const char *const texts[] = {
		"{\"devices\": [null]}",
		"{\"devices\": [5, \"x\", []]}",
		"{\"devices\": [{\"name\": \"x\", \"fields\": [null, 5]}]}",
		"{\"devices\": [{\"name\": \"x\", \"subsections\": [null]}]}",
		"{\"devices\": [{\"name\": \"x\", \"subsections\": [5]}]}",
		"{\"devices\":[{\"name\":\"x\",\"fields\":[{\"size\":-1}]}]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (vmdesc_parse(&vmdesc, texts[i], strlen(texts[i]), &err) ==
		    0)
			vmdesc_free(vmdesc);
}

static void gets_length(const char *json, size_t length, const char *expected)
{
	size_t size = strlen(json), edited_size;
	char *bare = malloc(size), *edited;
	struct savetool_error err;

	memcpy(bare, json, size);
	assert_ok(vmdesc_set_machine(&edited, &edited_size, bare, size, length,
				     &err),
		  err);
	assert_int_equal(edited_size, strlen(expected));
	assert_memory_equal(edited, expected, edited_size);
	free(edited);
	free(bare);
}

#define BUFFER(size)                                                           \
	"{\"configuration\": {\"fields\": [{\"name\": \"len\", "               \
	"\"size\": 4}, {\"name\": \"name\", \"size\": " size                   \
	"}]}, \"devices\": []}"

TEST(a_machine_type_has_its_own_length)
{
	gets_length(BUFFER("14"), 7, BUFFER("7"));
	gets_length(BUFFER("7"), 123, BUFFER("123"));
	/* And in a configuration with everything that QEMU writes. */
	gets_length(MAPPED, 14, MAPPED);
}

TEST(a_length_that_is_not_there_stays_away)
{
	gets_length(OLD, 7, OLD);
	gets_length(
		"{\"configuration\": {\"fields\": [{\"name\": \"name\"}]}}", 7,
		"{\"configuration\": {\"fields\": [{\"name\": \"name\"}]}}");
	gets_length("{\"configuration\": {\"fields\": {}}}", 7,
		    "{\"configuration\": {\"fields\": {}}}");
	gets_length("{\"configuration\": []}", 7, "{\"configuration\": []}");
	gets_length("[", 7, "[");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edited_vmdesc_is_what_qemu_itself_writes),
		cmocka_unit_test(capabilities_stand_before_the_uuid),
		cmocka_unit_test(capabilities_stand_after_the_page_bits),
		cmocka_unit_test(capabilities_stand_between_them),
		cmocka_unit_test(without_a_configuration_all_stays),
		cmocka_unit_test(text_that_is_not_an_object_is_not_changed),
		cmocka_unit_test(
			an_array_that_stands_first_stays_as_an_empty_one),
		cmocka_unit_test(keys_that_come_twice_are_not_changed),
		cmocka_unit_test(text_that_qemu_does_not_write_is_not_changed),
		cmocka_unit_test(
			a_name_elsewhere_in_a_subsection_is_not_its_own),
		cmocka_unit_test(a_key_of_that_name_elsewhere_is_not_meant),
		cmocka_unit_test(a_device_goes_with_one_comma),
		cmocka_unit_test(devices_that_are_listed_twice_stay),
		cmocka_unit_test(text_that_is_cut_off_is_not_read_past_its_end),
		cmocka_unit_test(a_machine_type_has_its_own_length),
		cmocka_unit_test(a_length_that_is_not_there_stays_away),
		cmocka_unit_test(a_real_one_is_understood),
		cmocka_unit_test(arrays_count_as_often_as_they_are_long),
		cmocka_unit_test(the_size_of_a_struct_holds_all_beneath),
		cmocka_unit_test(subsections_have_a_header_each),
		cmocka_unit_test(other_texts_are_corrupt),
		cmocka_unit_test(a_text_of_brackets_is_not_parsed),
		cmocka_unit_test(an_empty_list_of_subsections_gets_one),
		cmocka_unit_test(text_that_only_looks_like_json_is_corrupt),
		cmocka_unit_test(devices_beyond_reason_are_corrupt),
		cmocka_unit_test(elements_of_other_kinds_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
