/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Codecs against the programs of their formats: either reads the other's. */
#include "config.h"

#include "unit/packing.h"

TEST(what_was_packed_comes_back_here_and_in_the_programs)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	scratch_write("plain", plain, PLAIN_SIZE);
	FOR_EACH_FORMAT(name)
	{
		pack(name, plain, PLAIN_SIZE, "packed");
		assert_unpacks(name, "packed", plain, PLAIN_SIZE);
		run("%s -dc < packed | cmp - plain", name);
	}
	free(plain);
}

TEST(what_the_programs_packed_comes_back)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	scratch_write("plain", plain, PLAIN_SIZE);
	FOR_EACH_FORMAT(name)
	{
		run("%s -c < plain > packed", name);
		assert_unpacks(name, "packed", plain, PLAIN_SIZE);
	}
	run("xz --format=lzma -0 -c < plain > packed");
	assert_unpacks("xz", "packed", plain, PLAIN_SIZE);
	free(plain);
}

TEST(nothing_can_be_packed_too)
{
	scratch_write("plain", "", 0);
	FOR_EACH_FORMAT(name)
	{
		pack(name, "", 0, "packed");
		run("test -s packed");
		run("%s -dc < packed | cmp - plain", name);
		assert_unpacks(name, "packed", (const uint8_t *)"", 0);
	}
}

TEST(several_members_are_one_stream)
{
	uint8_t *plain = make_plain(3 * SMALL_SIZE);

	for (unsigned i = 0; i < 3; i++) {
		const char name[] = { 'a' + i, '\0' };

		scratch_write(name, plain + i * SMALL_SIZE, SMALL_SIZE);
	}
	FOR_EACH_FORMAT(name)
	{
		run("for f in a b c; do %s -c < $f || exit; done > packed",
		    name);
		assert_unpacks(name, "packed", plain, 3 * SMALL_SIZE);
	}
	run("for f in a b; do xz --format=lzma -c < $f; done > packed &&"
	    " xz -c < c >> packed");
	assert_unpacks("xz", "packed", plain, 3 * SMALL_SIZE);
	free(plain);
}

TEST(zeros_behind_the_end_are_padding)
{
	static const unsigned sizes[] = { 1, 3, 7, 512, 300000 };
	uint8_t *plain = make_plain(SMALL_SIZE);

	scratch_write("plain", plain, SMALL_SIZE);
	FOR_EACH_FORMAT(name)
	{
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			run("{ %s -c < plain && head -c %u /dev/zero; } "
			    "> packed",
			    name, sizes[i]);
			assert_unpacks(name, "packed", plain, SMALL_SIZE);
		}
	}
	free(plain);
}

/* Reads all of the file packed, and tells what it should not have. */
static void find_refused(const char *name, uint64_t *start, uint64_t *length)
{
	struct input *packed, *in;
	uint8_t data[4096];
	struct savetool_error err;
	size_t got;

	assert_ok(input_open_file(&packed, "packed", &err), err);
	assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err), err);
	do
		assert_ok(input_read_at(in, data, sizeof(data), in->position,
					&got, &err),
			  err);
	while (got > 0);
	*start = packed->refused;
	*length = packed->refused_length;
	input_close(in);
	input_close(packed);
}

/* Does the program make the plain files of the file packed? */
static bool program_unpacks(const char *name, const char *plain)
{
	char command[100];

	snprintf(command, sizeof(command),
		 "%s -dc < packed > found 2> errors && cat %s | cmp -s - found",
		 name, plain);
	return system(command) == 0;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* The file member is what the program packed. */
static void assert_as_program(const char *pack, const char *name,
			      unsigned zeros, bool more)
{
	uint64_t size, start, length;
	bool refused;

	run("{ cat member && head -c %u /dev/zero && %s member; } > packed",
	    zeros, more ? "cat" : "true");
	refused = !program_unpacks(name, more ? "plain plain" : "plain");
	find_refused(name, &start, &length);
	if (refused != (length > 0))
		fail_test("%s, %u zeros, %s: %s", pack, zeros,
			  more ? "and more" : "no more",
			  refused ? "not told" : "told");
	if (!refused)
		return;
	size = size_of("member");
	assert_int_equal(start, size);
	assert_int_equal(length, more ? SAVETOOL_UNKNOWN : zeros);
}

TEST(what_the_programs_refuse_is_told)
{
	static const struct {
		const char *pack, *name;
		bool joins; /* lzop itself is what reads its members */
	} packers[] = {
		{ "gzip", "gzip", true },  { "bzip2", "bzip2", true },
		{ "xz", "xz", true },      { "xz --format=lzma", "xz", true },
		{ "lzop", "lzop", false }, { "zstd", "zstd", true },
	};
	static const unsigned sizes[] = { 0, 1, 3, 4, 7, 512, 3001, 300000 };
	uint8_t *plain = make_plain(SMALL_SIZE);

	scratch_write("plain", plain, SMALL_SIZE);
	for (size_t i = 0; i < sizeof(packers) / sizeof(*packers); i++) {
		run("%s -c < plain > member", packers[i].pack);
		for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++) {
			assert_as_program(packers[i].pack, packers[i].name,
					  sizes[j], false);
			if (packers[i].joins)
				assert_as_program(packers[i].pack,
						  packers[i].name, sizes[j],
						  true);
		}
	}
	free(plain);
}

TEST(members_of_two_kinds_of_xz_are_told)
{
	uint8_t *plain = make_plain(SMALL_SIZE);
	uint64_t start, length;

	scratch_write("plain", plain, SMALL_SIZE);
	run("xz -c < plain > new && xz --format=lzma -c < plain > old");
	run("cat new old > packed && ! xz -dc < packed > found 2> errors");
	find_refused("xz", &start, &length);
	assert_int_equal(start, size_of("new"));
	assert_int_equal(length, SAVETOOL_UNKNOWN);
	run("cat old new > packed && ! xz -dc < packed > found 2> errors");
	find_refused("xz", &start, &length);
	assert_int_equal(start, size_of("old"));
	assert_int_equal(length, SAVETOOL_UNKNOWN);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(
			what_was_packed_comes_back_here_and_in_the_programs),
		scratch_test(what_the_programs_packed_comes_back),
		scratch_test(nothing_can_be_packed_too),
		scratch_test(several_members_are_one_stream),
		scratch_test(zeros_behind_the_end_are_padding),
		scratch_test(what_the_programs_refuse_is_told),
		scratch_test(members_of_two_kinds_of_xz_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
