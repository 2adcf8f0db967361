/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an archive claims of its members, and what is believed of it. */
#include "config.h"

#include "outer/archive_reader.h"

#include "unit/tar.h"

static struct wire wire;
static struct input *in;
static struct archive_reader *reader;
static struct archive_member member;

static int setup(void **state)
{
	(void)state;
	wire.size = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	archive_member_clear(&member);
	archive_reader_close(reader);
	input_close(in);
	reader = NULL;
	in = NULL;
	return 0;
}

#define tar_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void begins(void)
{
	struct savetool_error err;

	assert_ok(input_open_memory(&in, wire.bytes, wire.size, &err), err);
	assert_int_equal(archive_kind_find(wire.bytes, wire.size),
			 ARCHIVE_KIND_TAR);
	assert_ok(archive_reader_open(&reader, in, ARCHIVE_KIND_TAR, &err),
		  err);
}

static int next(struct savetool_error *err)
{
	archive_member_clear(&member);
	return archive_reader_next(reader, &member, err);
}

static void has_next(const char *name)
{
	struct savetool_error err;

	if (next(&err) != 1)
		fail_test("no '%s': %s", name, err.text);
	assert_string_equal(member.name, name);
}

static void ends(void)
{
	struct savetool_error err;

	assert_int_equal(next(&err), 0);
}

/* The current member has these bytes. */
static void holds(const void *bytes, size_t size)
{
	uint8_t *found = malloc(size + 1);
	struct savetool_error err;
	struct input *content;
	size_t got;

	assert_non_null(found);
	assert_ok(archive_reader_open_member(&content, reader, &member, false,
					     &err),
		  err);
	assert_ok(input_read_all(content, found, size + 1, 0, &got, &err), err);
	assert_int_equal(got, size);
	assert_memory_equal(found, bytes, size);
	input_close(content);
	free(found);
}

TEST(members_come_one_after_another)
{
	tar_file(&wire, "a", "one", 3);
	tar_file(&wire, "b", "", 0);
	tar_file(&wire, "a", "three", 5);
	tar_end(&wire);
	begins();
	has_next("a");
	assert_int_equal(member.index, 0);
	assert_int_equal(member.size, 3);
	assert_true(member.regular);
	assert_false(member.encrypted);
	assert_null(member.link);
	holds("one", 3);
	has_next("b");
	assert_int_equal(member.size, 0);
	has_next("a");
	assert_int_equal(member.index, 2);
	holds("three", 5);
	ends();
}

TEST(a_member_need_not_be_read)
{
	tar_file(&wire, "a", "one", 3);
	tar_file(&wire, "b", "two", 3);
	tar_end(&wire);
	begins();
	has_next("a");
	has_next("b");
	holds("two", 3);
	ends();
}

TEST(a_name_is_what_it_is)
{
	tar_file(&wire, "../../etc/passwd", "x", 1);
	tar_file(&wire, "/a\n\033[31m", "x", 1);
	tar_extended(&wire, "path=b\001c");
	tar_file(&wire, "short", "x", 1);
	tar_end(&wire);
	begins();
	has_next("../../etc/passwd");
	has_next("/a\n\033[31m");
	has_next("b\001c");
	ends();
}

TEST(folders_and_links_are_not_regular)
{
	tar_header(&wire, '5', "folder/", "", 0);
	tar_file(&wire, "a", "x", 1);
	tar_header(&wire, '1', "hard", "a", 0);
	tar_header(&wire, '2', "soft", "../a", 0);
	tar_header(&wire, '3', "device", "", 0);
	tar_end(&wire);
	begins();
	has_next("folder/");
	assert_false(member.regular);
	assert_null(member.link);
	has_next("a");
	assert_true(member.regular);
	has_next("hard");
	assert_false(member.regular);
	assert_string_equal(member.link, "a");
	has_next("soft");
	assert_false(member.regular);
	assert_string_equal(member.link, "../a");
	has_next("device");
	assert_false(member.regular);
	ends();
}

TEST(holes_are_zeros_also_at_the_end)
{
	uint8_t expected[8192] = { 0 };
	struct extent extent;

	memset(expected + 1024, 'd', 1024);
	tar_sparse(&wire, "a", "8192", "2\n1024\n1024\n8192\n0\n",
		   expected + 1024, 1024);
	tar_end(&wire);
	begins();
	has_next("a");
	assert_int_equal(member.size, 8192);
	assert_int_equal(input_ranges_stored(&member.ranges), 1024);
	input_ranges_extent(&member.ranges, 2048, &extent);
	assert_true(extent.hole);
	assert_int_equal(extent.length, 8192 - 2048);
	holds(expected, sizeof(expected));
	ends();
}

TEST(data_that_is_not_compressed_has_its_place)
{
	uint8_t data[1024];
	uint64_t start;
	struct savetool_error err;

	memset(data, 'd', sizeof(data));
	tar_file(&wire, "a", data, sizeof(data));
	tar_file(&wire, "b", "x", 1);
	tar_end(&wire);
	begins();
	has_next("a");
	assert_ok(archive_reader_find_data(&start, reader, &member, &err), err);
	assert_int_equal(start, TAR_BLOCK);
	has_next("b");
	assert_true(archive_reader_confirms(reader, start, sizeof(data)));
	assert_false(archive_reader_confirms(reader, start, 100));
	assert_false(archive_reader_confirms(reader, start, 5000));
}

/* A range that is not in the file, and one that overlaps another one. */
TEST(a_map_that_contradicts_itself_gives_no_bytes_of_others)
{
	static const char *const maps[] = {
		"2\n0\n512\n9000\n512\n",
		"2\n0\n512\n256\n512\n",
		"1\n-5\n512\n",
		"1\n18446744073709551615\n512\n",
		"2\n4096\n512\n0\n512\n",
		"99999999999999999999\n0\n1\n",
		"x\n",
		"",
	};
	uint8_t data[1024], found[8192];

	memset(data, 'd', sizeof(data));
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		struct savetool_error err;
		struct input *content;
		int more;

		wire.size = 0;
		tar_sparse(&wire, "a", "8192", maps[i], data, sizeof(data));
		tar_file(&wire, "secret", "secret", 6);
		tar_end(&wire);
		begins();
		more = next(&err);
		if (more < 0)
			assert_int_equal(err.code, SAVETOOL_CORRUPT);
		assert_int_not_equal(more, 0);
		if (more > 0 &&
		    archive_reader_open_member(&content, reader, &member, false,
					       &err) == 0) {
			size_t got = 0;

			memset(found, 0, sizeof(found));
			input_read_all(content, found, sizeof(found), 0, &got,
				       &err);
			assert_null(memmem(found, got, "secret", 6));
			input_close(content);
		}
		teardown(NULL);
	}
}

#define MAP_SIZE ((size_t)9 << 20)

TEST(a_map_of_any_size_is_not_taken_into_memory)
{
	struct savetool_error err;
	uint8_t *file;

	tar_extended(&wire, "GNU.sparse.major=1|GNU.sparse.minor=0|"
			    "GNU.sparse.name=a|GNU.sparse.realsize=9999999999|"
			    "size=9999999999");
	tar_header(&wire, '0', "GNUSparseFile.0/a", "", 0);
	wire_text(&wire, "9000000\n");
	file = malloc(wire.size + MAP_SIZE);
	assert_non_null(file);
	memcpy(file, wire.bytes, wire.size);
	memset(file + wire.size, '1', MAP_SIZE);
	for (size_t at = 0; at < MAP_SIZE; at += 2)
		file[wire.size + at] = '\n';
	assert_ok(input_open_memory(&in, file, wire.size + MAP_SIZE, &err),
		  err);
	assert_ok(archive_reader_open(&reader, in, ARCHIVE_KIND_TAR, &err),
		  err);
	assert_int_equal(next(&err), -1);
	assert_int_equal(err.code, SAVETOOL_UNSUPPORTED);
	assert_string_equal(err.text, "archive with a directory or a map of "
				      "holes that is too large");
	free(file);
}

TEST(a_size_that_is_not_there_is_a_cut)
{
	struct savetool_error err;
	struct input *content;
	uint8_t found[2048];

	tar_header(&wire, '0', "a", "", 077777777777);
	wire_fill(&wire, 'd', 700);
	begins();
	has_next("a");
	assert_int_equal(member.size, 077777777777);
	assert_ok(archive_reader_open_member(&content, reader, &member, false,
					     &err),
		  err);
	assert_ok(input_read_exactly(content, found, 600, 0, &err), err);
	assert_fails(input_read_exactly(content, found, 2048, 0, &err), err,
		     SAVETOOL_INCOMPLETE,
		     "tar archive is cut off (at byte 1212)");
	input_close(content);
	assert_fails(next(&err), err, SAVETOOL_INCOMPLETE,
		     "tar archive is cut off (at byte 1212)");
}

TEST(a_header_that_is_damaged_is_corrupt)
{
	struct savetool_error err;

	tar_file(&wire, "a", "x", 1);
	tar_file(&wire, "b", "x", 1);
	tar_end(&wire);
	wire.bytes[2 * TAR_BLOCK] = 'c';
	begins();
	has_next("a");
	assert_fails(next(&err), err, SAVETOOL_CORRUPT,
		     "tar archive is damaged (at byte 1024)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		tar_test(members_come_one_after_another),
		tar_test(a_member_need_not_be_read),
		tar_test(a_name_is_what_it_is),
		tar_test(folders_and_links_are_not_regular),
		tar_test(holes_are_zeros_also_at_the_end),
		tar_test(data_that_is_not_compressed_has_its_place),
		tar_test(
			a_map_that_contradicts_itself_gives_no_bytes_of_others),
		tar_test(a_map_of_any_size_is_not_taken_into_memory),
		tar_test(a_size_that_is_not_there_is_a_cut),
		tar_test(a_header_that_is_damaged_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
