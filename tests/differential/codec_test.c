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
	free(plain);
}

TEST(zeros_behind_the_end_are_no_data)
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

/*
 * Reads all of the file packed, which is plain and then maybe plain again: how
 * often.
 */
static unsigned read_packed(const char *name, const uint8_t *plain,
			    struct packed_rest *rest)
{
	uint8_t *data = malloc(2 * SMALL_SIZE + 1);
	struct input *packed, *in;
	struct savetool_error err;
	size_t got;

	assert_non_null(data);
	assert_ok(input_open_file(&packed, "packed", &err), err);
	assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err), err);
	assert_ok(input_read_all(in, data, 2 * SMALL_SIZE + 1, 0, &got, &err),
		  err);
	assert_true(got == SMALL_SIZE || got == 2 * SMALL_SIZE);
	for (size_t at = 0; at < got; at += SMALL_SIZE)
		assert_memory_equal(data + at, plain, SMALL_SIZE);
	*rest = packed->rest;
	input_close(in);
	input_close(packed);
	free(data);
	return got / SMALL_SIZE;
}

/* lzop's other bytes are a warning, which libvirt has it ignore. */
static bool program_passes(const char *name, uint64_t *made)
{
	char command[100];
	struct stat st;
	int status;

	snprintf(command, sizeof(command),
		 "%s -dc %s < packed > found 2> errors", name,
		 strcmp(name, "lzop") == 0 ? "--ignore-warn" : "");
	status = system(command);
	assert_int_equal(stat("found", &st), 0);
	*made = st.st_size;
	return status == 0;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* The file member is what the program packed; a shell makes what follows. */
static void assert_as_program(const char *pack, const char *name,
			      const char *rest_of_it, const uint8_t *plain)
{
	struct packed_rest rest;
	unsigned times;
	uint64_t made;
	bool passes, ours;

	run("{ cat member; %s; } > packed", rest_of_it);
	passes = program_passes(name, &made);
	times = read_packed(name, plain, &rest);
	ours = codec_passes(codec_named(name), &rest);
	if (ours != passes)
		fail_test("%s, then %s: we say that it %s", pack, rest_of_it,
			  ours ? "passes" : "fails");
	if (passes)
		assert_int_equal(made, times * SMALL_SIZE);
	if (rest.zeros > 0 || rest.other)
		assert_int_equal(rest.offset, times * size_of("member"));
}

static const struct {
	const char *pack, *name;
} packers[] = {
	{ "gzip", "gzip" },           { "bzip2", "bzip2" }, { "xz", "xz" },
	{ "xz --format=lzma", "xz" }, { "lzop", "lzop" },   { "zstd", "zstd" },
};

/* A member after anything but a member is data only if the program joins it. */
TEST(what_follows_is_what_the_programs_make_of_it)
{
	static const char *const rests[] = {
		"true",
		"cat member",
		"head -c 1 /dev/zero",
		"head -c 3 /dev/zero",
		"head -c 4 /dev/zero",
		"head -c 512 /dev/zero",
		"head -c 3001 /dev/zero",
		"head -c 300000 /dev/zero",
		"echo and something else",
		"printf x",
		"head -c 64 /dev/zero; echo and something else",
		"head -c 64 /dev/zero; cat member",
		"head -c 63 /dev/zero; cat member",
		"echo and something else; cat member",
		"tail -c 1000 older",
		"tail -c 3001 older; head -c 50 /dev/zero",
		"cat member; head -c 64 /dev/zero",
		"cat member; echo and something else",
	};
	uint8_t *plain = make_plain(SMALL_SIZE);

	scratch_write("plain", plain, SMALL_SIZE);
	for (size_t i = 0; i < sizeof(packers) / sizeof(*packers); i++) {
		run("%s -c < plain > member", packers[i].pack);
		run("cat plain plain plain | %s -c > older", packers[i].pack);
		for (size_t j = 0; j < sizeof(rests) / sizeof(*rests); j++)
			assert_as_program(packers[i].pack, packers[i].name,
					  rests[j], plain);
	}
	free(plain);
}

/* By chance, the older bytes there start like a member. */
TEST(a_member_that_is_none_fails_behind_the_data)
{
	uint8_t *plain = make_plain(SMALL_SIZE), *found;
	uint64_t made;

	found = malloc(SMALL_SIZE);
	assert_non_null(found);
	scratch_write("plain", plain, SMALL_SIZE);
	for (size_t i = 0; i < sizeof(packers) / sizeof(*packers); i++) {
		const char *name = packers[i].name;
		struct input *packed, *in;
		struct savetool_error err;
		size_t got;

		if (strcmp(packers[i].pack, "xz --format=lzma") == 0)
			continue; /* nothing can follow it at all */
		run("%s -c < plain > member", packers[i].pack);
		run("{ cat member; head -c 14 member; tail -c 2000 member; } "
		    "> packed");
		assert_false(program_passes(name, &made));
		assert_ok(input_open_file(&packed, "packed", &err), err);
		assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err),
			  err);
		assert_ok(input_read_exactly(in, found, SMALL_SIZE, 0, &err),
			  err);
		assert_memory_equal(found, plain, SMALL_SIZE);
		do {
			err.code = SAVETOOL_OK;
		} while (input_read_at(in, found, SMALL_SIZE, in->position,
				       &got, &err) == 0 &&
			 got > 0);
		assert_int_not_equal(err.code, SAVETOOL_OK);
		assert_false(packed->rest.other);
		assert_false(input_ends_before_failure(in, SMALL_SIZE + 1));
		assert_true(input_ends_before_failure(in, SMALL_SIZE));
		assert_true(packed->rest.member);
		assert_int_equal(packed->rest.offset, size_of("member"));
		assert_false(codec_passes(codec_named(name), &packed->rest));
		input_close(in);
		input_close(packed);
	}
	free(found);
	free(plain);
}

TEST(no_other_kind_of_xz_is_joined)
{
	uint8_t *plain = make_plain(SMALL_SIZE);
	struct packed_rest rest;
	uint64_t made;

	scratch_write("plain", plain, SMALL_SIZE);
	run("xz -c < plain > new && xz --format=lzma -c < plain > old");
	run("cat new old > packed");
	assert_false(program_passes("xz", &made));
	assert_int_equal(read_packed("xz", plain, &rest), 1);
	assert_int_equal(rest.offset, size_of("new"));
	assert_false(codec_passes(codec_named("xz"), &rest));
	run("cat old new > packed");
	assert_false(program_passes("xz", &made));
	assert_int_equal(read_packed("xz", plain, &rest), 1);
	assert_int_equal(rest.offset, size_of("old"));
	assert_false(codec_passes(codec_named("xz"), &rest));
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
		scratch_test(zeros_behind_the_end_are_no_data),
		scratch_test(what_follows_is_what_the_programs_make_of_it),
		scratch_test(a_member_that_is_none_fails_behind_the_data),
		scratch_test(no_other_kind_of_xz_is_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
