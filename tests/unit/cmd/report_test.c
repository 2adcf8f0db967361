/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: the same ones as aligned text and as JSON, both harmless. */
#include "config.h"

#include "report.h"
#include "unit/check.h"

#include <json-c/json.h>

struct paper {
	FILE *stream;
	char *text;
	size_t size;
	struct report *report;
};

static void take_paper(struct paper *paper, bool json, bool several)
{
	paper->stream = open_memstream(&paper->text, &paper->size);
	assert_non_null(paper->stream);
	paper->report = report_new(paper->stream, json, several);
}

static void drop_paper(struct paper *paper)
{
	report_free(paper->report);
	fclose(paper->stream);
	free(paper->text);
}

static void assert_paper(struct paper *paper, const char *expected)
{
	fflush(paper->stream);
	assert_string_equal(paper->text, expected);
}

/* What the text is, which must be JSON to the last byte. */
static struct json_object *parse(const char *text, int flags)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener,
			       flags | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	object = json_tokener_parse_ex(tokener, text, -1);
	assert_non_null(object);
	assert_int_equal(json_tokener_get_parse_end(tokener), strlen(text));
	json_tokener_free(tokener);
	return object;
}

/*
 * What is on it.  If it is strict, json-c 0.18 takes every byte beyond ASCII
 * for a control character: the syntax is judged without them, the text with
 * them.
 */
static struct json_object *read_paper(struct paper *paper)
{
	char *ascii;

	fflush(paper->stream);
	assert_int_equal(strlen(paper->text), paper->size);
	assert_int_equal(paper->text[paper->size - 1], '\n');
	ascii = strdup(paper->text);
	assert_non_null(ascii);
	for (char *byte = ascii; *byte; byte++)
		if (*byte & 0x80)
			*byte = '?';
	json_object_put(parse(ascii, JSON_TOKENER_STRICT));
	free(ascii);
	return parse(paper->text, JSON_TOKENER_VALIDATE_UTF8);
}

static struct json_object *at(struct json_object *object, const char *path)
{
	struct json_object *found = NULL;

	json_pointer_get(object, path, &found);
	return found;
}

static const char *text_at(struct json_object *object, const char *path)
{
	assert_non_null(at(object, path));
	return json_object_get_string(at(object, path));
}

static void give_facts(struct report *report)
{
	report_open(report, "g1.save");
	report_line(report, "g1.save: an image");
	report_text(report, "format", NULL, "sparse");
	report_section(report, "sizes", "size");
	report_bytes(report, "logical", "logical", 274892273);
	report_bytes(report, "needed", "needed", SAVETOOL_UNKNOWN);
	report_number(report, NULL, "files", 3);
	report_flag(report, "dense", "dense", false);
	report_close(report);
	report_table(report, "blocks", "memory", "lr");
	report_row(report);
	report_text(report, "name", "block", "pc.ram");
	report_bytes(report, "length", "length", 1 << 20);
	report_number(report, "pages", NULL, 256);
	report_row(report);
	report_text(report, "name", "block", "b");
	report_bytes(report, "length", "length", SAVETOOL_UNKNOWN);
	report_number(report, "pages", NULL, SAVETOOL_UNKNOWN);
	report_close(report);
	report_table(report, "findings", "findings", "l");
	report_close(report);
	report_commit(report);
}

TEST(text_is_aligned_in_sections_and_tables)
{
	struct paper paper;

	take_paper(&paper, false, false);
	give_facts(paper.report);
	assert_paper(&paper, "g1.save: an image\n"
			     "size           logical       262.2 MiB\n"
			     "               files         3\n"
			     "               dense         no\n"
			     "memory         block   length\n"
			     "               pc.ram   1 MiB\n"
			     "               b            -\n");
	drop_paper(&paper);
}

TEST(json_has_all_facts_with_a_key_and_no_unknown_ones)
{
	struct json_object *root;
	struct paper paper;

	take_paper(&paper, true, false);
	give_facts(paper.report);
	root = read_paper(&paper);
	assert_string_equal(text_at(root, "/savetool/version"),
			    savetool_version());
	assert_string_equal(text_at(root, "/savetool/schema"), "1");
	assert_string_equal(text_at(root, "/path"), "g1.save");
	assert_string_equal(text_at(root, "/format"), "sparse");
	assert_string_equal(text_at(root, "/sizes"),
			    "{ \"logical\": 274892273, \"dense\": false }");
	assert_string_equal(text_at(root, "/blocks"),
			    "[ { \"name\": \"pc.ram\", \"length\": 1048576, "
			    "\"pages\": 256 }, { \"name\": \"b\" } ]");
	assert_string_equal(text_at(root, "/findings"), "[ ]");
	assert_int_equal(json_object_object_length(root), 6);
	json_object_put(root);
	drop_paper(&paper);
}

TEST(nothing_is_written_before_it_is_committed)
{
	struct paper paper;

	for (int json = 0; json <= 1; json++) {
		take_paper(&paper, json, false);
		report_open(paper.report, "x");
		report_line(paper.report, "x");
		assert_paper(&paper, "");
		report_commit(paper.report);
		fflush(paper.stream);
		assert_true(paper.size > 0);
		drop_paper(&paper);
	}
}

TEST(several_images_are_an_array_at_the_end)
{
	static const struct savetool_error err = {
		.code = SAVETOOL_CORRUPT,
		.text = "bitmap overlaps",
		.offset = 7,
		.block = "a",
		.page = 3,
		.hint = SAVETOOL_HINT_FORCE
	};
	static const struct savetool_error nowhere = {
		.code = SAVETOOL_SYSTEM,
		.text = "no",
		.offset = SAVETOOL_UNKNOWN,
		.page = SAVETOOL_UNKNOWN
	};
	struct json_object *error;
	struct json_object *root;
	struct paper paper;

	take_paper(&paper, true, true);
	give_facts(paper.report);
	report_open(paper.report, "bad");
	report_error(paper.report, &err, "use --force to replace it");
	report_commit(paper.report);
	report_open(paper.report, "gone");
	report_error(paper.report, &nowhere, NULL);
	report_commit(paper.report);
	assert_paper(&paper, "");
	report_finish(paper.report);
	root = read_paper(&paper);
	assert_int_equal(json_object_array_length(root), 3);
	assert_string_equal(text_at(root, "/0/path"), "g1.save");
	assert_string_equal(text_at(root, "/1/path"), "bad");
	assert_string_equal(text_at(root, "/1/error/code"), "corrupt");
	assert_string_equal(text_at(root, "/1/error/message"),
			    "bitmap overlaps");
	assert_string_equal(text_at(root, "/1/error/block"), "a");
	assert_string_equal(text_at(root, "/1/error/offset"), "7");
	assert_string_equal(text_at(root, "/1/error/page"), "3");
	assert_string_equal(text_at(root, "/1/error/hint"),
			    "use --force to replace it");
	assert_int_equal(json_pointer_get(root, "/2/error", &error), 0);
	assert_int_equal(json_object_object_length(error), 2);
	json_object_put(root);
	drop_paper(&paper);
}

TEST(several_texts_are_apart_unless_they_are_lines)
{
	struct paper paper;

	take_paper(&paper, false, true);
	report_line(paper.report, "a");
	report_commit(paper.report);
	report_line(paper.report, "b");
	report_commit(paper.report);
	report_commit(paper.report);
	report_line(paper.report, "c");
	report_section(paper.report, "s", "s");
	report_text(paper.report, "k", "k", "v");
	report_close(paper.report);
	report_commit(paper.report);
	assert_paper(&paper, "a\n"
			     "b\n"
			     "\n"
			     "c\n"
			     "s              k             v\n");
	drop_paper(&paper);
}

/* Escape, bell, delete, CSI of 8 bits, right-to-left, and no UTF-8. */
#define NASTY                                                                  \
	"a\x1b[31m\a\n\x7f"                                                    \
	"\xc2\x9b"                                                             \
	"\xe2\x80\xae"                                                         \
	"\xff\xc0\x80\xed\xa0\x80z\xc3\xa4"

TEST(text_cannot_steer_a_terminal)
{
	struct paper paper;

	take_paper(&paper, false, false);
	report_line(paper.report, "%s", NASTY);
	report_section(paper.report, "s", "s");
	report_text(paper.report, "k", "k", NASTY);
	report_close(paper.report);
	report_commit(paper.report);
	assert_paper(&paper, "a\\x1b[31m\\x07\\x0a\\x7f\\u009b\\u202e"
			     "\\xff\\xc0\\x80\\xed\\xa0\\x80z\xc3\xa4\n"
			     "s              k             "
			     "a\\x1b[31m\\x07\\x0a\\x7f\\u009b\\u202e"
			     "\\xff\\xc0\\x80\\xed\\xa0\\x80z\xc3\xa4\n");
	drop_paper(&paper);
}

TEST(json_is_utf8_and_cannot_steer_a_terminal)
{
	struct json_object *root;
	struct paper paper;

	take_paper(&paper, true, false);
	report_open(paper.report, NASTY);
	report_commit(paper.report);
	root = read_paper(&paper);
	assert_string_equal(text_at(root, "/path"),
			    "a\x1b[31m\a\n\x7f"
			    "\xc2\x9b"
			    "\xe2\x80\xae"
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			    "z\xc3\xa4");
	for (size_t i = 0; i < paper.size; i++)
		assert_true(paper.text[i] == '\n' ||
			    ((unsigned char)paper.text[i] >= ' ' &&
			     paper.text[i] != '\x7f'));
	assert_null(strstr(paper.text, "\xc2\x9b"));
	assert_null(strstr(paper.text, "\xe2\x80\xae"));
	assert_non_null(strstr(paper.text, "\\u007f\\u009b\\u202e"));
	json_object_put(root);
	drop_paper(&paper);
}

TEST(numbers_of_64_bits_keep_their_digits)
{
	struct json_object *root;
	struct paper paper;

	take_paper(&paper, true, false);
	report_open(paper.report, "x");
	report_bytes(paper.report, "n", NULL, UINT64_MAX - 1);
	report_commit(paper.report);
	root = read_paper(&paper);
	assert_string_equal(text_at(root, "/n"), "18446744073709551614");
	json_object_put(root);
	drop_paper(&paper);
}

TEST(characters_are_aligned_not_bytes)
{
	struct paper paper;

	take_paper(&paper, false, false);
	report_table(paper.report, "t", "t", "lr");
	report_row(paper.report);
	report_text(paper.report, "a", "name",
		    "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
		    "5");
	report_number(paper.report, "b", "n", 12);
	report_row(paper.report);
	report_text(paper.report, "a", "name", "");
	report_number(paper.report, "b", "n", 3);
	report_close(paper.report);
	report_commit(paper.report);
	assert_paper(&paper, "t              name    n\n"
			     "               \xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
			     "5  12\n"
			     "                       3\n");
	drop_paper(&paper);
}

TEST(long_lines_are_broken_at_blanks)
{
	struct paper paper;

	take_paper(&paper, false, false);
	report_section(paper.report, "f", "findings");
	report_line(paper.report, "%s",
		    "error: pages are marked as present where the file has "
		    "none of them at all, truly");
	report_line(paper.report, "%080d", 7);
	report_close(paper.report);
	report_commit(paper.report);
	assert_paper(
		&paper,
		"findings       error: pages are marked as present where the "
		"file has none of\n"
		"                 them at all, truly\n"
		"               00000000000000000000000000000000000000000000"
		"000000000000000000000000000000000007\n");
	drop_paper(&paper);
}

TEST(words_are_one_row_each_and_an_array)
{
	static const char *const words[] = { "a", "b", NULL };
	struct json_object *root;
	struct paper paper;

	take_paper(&paper, false, false);
	report_section(paper.report, "s", "s");
	report_words(paper.report, "w", "words", words);
	report_words(paper.report, "n", "none", NULL);
	report_close(paper.report);
	report_commit(paper.report);
	assert_paper(&paper, "s              words         a\n"
			     "                             b\n");
	drop_paper(&paper);
	take_paper(&paper, true, false);
	report_open(paper.report, NULL);
	report_words(paper.report, "w", "words", words);
	report_words(paper.report, "n", "none", NULL);
	report_commit(paper.report);
	root = read_paper(&paper);
	assert_string_equal(text_at(root, "/w"), "[ \"a\", \"b\" ]");
	assert_null(at(root, "/n"));
	assert_null(at(root, "/path"));
	json_object_put(root);
	drop_paper(&paper);
}

TEST(a_document_keeps_its_lines_and_nothing_else)
{
	struct paper paper;

	take_paper(&paper, false, false);
	report_line(paper.report, "x");
	report_document(paper.report, "xml", "<a>\n\t<b/>\x1b\r\n</a>");
	report_commit(paper.report);
	assert_paper(&paper, "x\n"
			     "\n"
			     "<a>\n\t<b/>\\x1b\\x0d\n</a>\n");
	drop_paper(&paper);
}

TEST(exact_numbers_stand_beside_the_rounded_ones)
{
	struct paper paper;

	take_paper(&paper, false, false);
	report_section(paper.report, "s", "s");
	report_exact(paper.report, true);
	report_bytes(paper.report, "n", "n", 1536);
	report_exact(paper.report, false);
	report_bytes(paper.report, "m", "m", 1536);
	report_close(paper.report);
	report_commit(paper.report);
	assert_paper(&paper,
		     "s              n             1.5 KiB  1536 bytes\n"
		     "               m             1.5 KiB\n");
	drop_paper(&paper);
}

static void assert_size(uint64_t size, const char *expected)
{
	char text[REPORT_SIZE_TEXT];

	report_size_text(size, text);
	assert_string_equal(text, expected);
}

TEST(sizes_have_a_decimal_only_if_they_are_rounded)
{
	assert_size(0, "0 B");
	assert_size(1023, "1023 B");
	assert_size(1024, "1 KiB");
	assert_size(1025, "1.0 KiB");
	assert_size(1536, "1.5 KiB");
	assert_size(268435456, "256 MiB");
	assert_size(274892273, "262.2 MiB");
	assert_size((UINT64_C(1) << 20) - 1, "1.0 MiB");
	assert_size((UINT64_C(1) << 30) - 1, "1.0 GiB");
	assert_size(UINT64_C(3) << 40, "3 TiB");
	assert_size(UINT64_MAX - 1, "16.0 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_aligned_in_sections_and_tables),
		cmocka_unit_test(
			json_has_all_facts_with_a_key_and_no_unknown_ones),
		cmocka_unit_test(nothing_is_written_before_it_is_committed),
		cmocka_unit_test(several_images_are_an_array_at_the_end),
		cmocka_unit_test(several_texts_are_apart_unless_they_are_lines),
		cmocka_unit_test(text_cannot_steer_a_terminal),
		cmocka_unit_test(json_is_utf8_and_cannot_steer_a_terminal),
		cmocka_unit_test(numbers_of_64_bits_keep_their_digits),
		cmocka_unit_test(characters_are_aligned_not_bytes),
		cmocka_unit_test(long_lines_are_broken_at_blanks),
		cmocka_unit_test(words_are_one_row_each_and_an_array),
		cmocka_unit_test(a_document_keeps_its_lines_and_nothing_else),
		cmocka_unit_test(exact_numbers_stand_beside_the_rounded_ones),
		cmocka_unit_test(sizes_have_a_decimal_only_if_they_are_rounded),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
