/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every format comes back unchanged, here and through the real programs. */
#include "config.h"

#include "codec/codec.h"

#include "unit/check.h"
#include "unit/scratch.h"

#include <errno.h>
#include <sys/wait.h>

/* More than two members of every codec. */
#define PLAIN_SIZE (5 * 1000 * 1000 + 123)

#define SMALL_SIZE 20000

static const char *const packing[] = { "gzip", "bzip2", "xz", "lzop", "zstd" };

#define FOR_EACH_FORMAT(name)                                                  \
	for (size_t number_ = 0; number_ < 5; number_++)                       \
		for (const char *name = packing[number_]; name; name = NULL)

/* Noise, text that packs well, and zeros, in turn. */
static uint8_t *make_plain(size_t size)
{
	uint8_t *data = malloc(size);
	uint32_t noise = 1;

	assert_non_null(data);
	for (size_t i = 0; i < size; i++) {
		noise = noise * 1664525 + 1013904223;
		if (i / 30000 % 3 == 0)
			data[i] = noise >> 24;
		else if (i / 30000 % 3 == 1)
			data[i] = "savetool saves "[i % 15] + (noise >> 31);
		else
			data[i] = 0;
	}
	return data;
}

static const struct codec *codec_named(const char *name)
{
	enum savetool_format format;
	struct savetool_error err;

	assert_ok(savetool_format_parse(name, &format, &err), err);
	return codec_for_format(format);
}

/* Runs a shell command in the test's folder, which must go well. */
static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_test("failed: %s", command);
}

static struct output *create(const char *path)
{
	const struct output_file_options options = {
		.force = true,
		.like_fd = -1,
	};
	struct output *out;
	struct savetool_error err;

	assert_ok(output_create_file(&out, path, &options, &err), err);
	return out;
}

static void pack_at(const char *name, int level, unsigned threads,
		    const void *data, size_t size, const char *path)
{
	const size_t step = 300001;
	struct output *file = create(path), *out;
	struct savetool_error err;

	assert_ok(
		codec_pack(codec_named(name), &out, file, level, threads, &err),
		err);
	for (size_t done = 0; done < size; done += step)
		assert_ok(output_append(out, (const uint8_t *)data + done,
					size - done < step ? size - done : step,
					&err),
			  err);
	assert_ok(output_commit(out, &err), err);
	output_close(out);
	assert_ok(output_commit(file, &err), err);
	output_close(file);
}

static void pack(const char *name, const void *data, size_t size,
		 const char *path)
{
	pack_at(name, 0, 2, data, size, path);
}

/* Unpacks what lies from offset on; without a failure, it must be the data. */
static int unpack_from(const char *name, const char *path, uint64_t offset,
		       const uint8_t *data, size_t size,
		       struct savetool_error *err)
{
	uint8_t *found = malloc(size), beyond[1000];
	struct input *packed, *in;
	size_t got = 0, excess = 0, n = 1;
	int result = 0;

	assert_non_null(found);
	assert_ok(input_open_file(&packed, path, err), *err);
	assert_ok(codec_unpack(codec_named(name), &in, packed, offset, err),
		  *err);
	while (result == 0 && n > 0) {
		size_t room = size - got < 70001 ? size - got : 70001;

		if (got < size)
			result = input_read_at(in, found + got, room, got, &n,
					       err);
		else
			result = input_read_at(in, beyond, sizeof(beyond),
					       in->position, &n, err);
		if (result == 0 && got < size)
			got += n;
		else if (result == 0)
			excess += n;
	}
	if (result == 0) {
		assert_int_equal(got, size);
		assert_int_equal(excess, 0);
		assert_memory_equal(found, data, size);
	}
	input_close(in);
	input_close(packed);
	free(found);
	return result;
}

static void assert_unpacks(const char *name, const char *path, const void *data,
			   size_t size)
{
	struct savetool_error err;

	if (unpack_from(name, path, 0, data, size, &err) < 0)
		fail_test("%s: %s: %s", name, path, err.text);
}

static size_t load(const char *path, uint8_t **data)
{
	struct input *in;
	struct savetool_error err;
	size_t size;

	assert_ok(input_open_file(&in, path, &err), err);
	size = in->size;
	*data = malloc(size);
	assert_non_null(*data);
	assert_ok(input_read_exactly(in, *data, size, 0, &err), err);
	input_close(in);
	return size;
}

TEST(formats_have_the_names_of_libvirt)
{
	static const char *const names[SAVETOOL_FORMAT_COUNT] = {
		"raw", "gzip", "bzip2", "xz", "lzop", "zstd", "sparse",
	};
	enum savetool_format format;
	struct savetool_error err;

	for (unsigned i = 0; i < SAVETOOL_FORMAT_COUNT; i++) {
		assert_string_equal(savetool_format_name(i), names[i]);
		assert_ok(savetool_format_parse(names[i], &format, &err), err);
		assert_int_equal(format, i);
	}
	assert_null(savetool_format_name(SAVETOOL_FORMAT_COUNT));
	assert_null(savetool_format_name(-1));
}

TEST(generations_are_formats_too)
{
	enum savetool_format format;
	struct savetool_error err;

	assert_ok(savetool_format_parse("v2", &format, &err), err);
	assert_int_equal(format, SAVETOOL_FORMAT_RAW);
	assert_ok(savetool_format_parse("v3", &format, &err), err);
	assert_int_equal(format, SAVETOOL_FORMAT_SPARSE);
	assert_ok(savetool_format_parse("mapped-ram", &format, &err), err);
	assert_int_equal(format, SAVETOOL_FORMAT_SPARSE);
}

TEST(an_unknown_format_is_told_the_known_ones)
{
	enum savetool_format format;
	struct savetool_error err;

	assert_fails(savetool_format_parse("GZIP", &format, &err), err,
		     SAVETOOL_USAGE,
		     "unknown format 'GZIP'; known are raw, gzip, bzip2, xz, "
		     "lzop, zstd, sparse");
	assert_int_equal(savetool_format_parse("", &format, &err), -1);
}

TEST(raw_and_sparse_have_no_codec)
{
	assert_null(codec_for_format(SAVETOOL_FORMAT_RAW));
	assert_null(codec_for_format(SAVETOOL_FORMAT_SPARSE));
	assert_null(codec_for_content((const uint8_t *)"QEVM\0\0\0\3", 8));
	assert_null(codec_for_content((const uint8_t *)"", 0));
}

TEST(content_tells_the_codec)
{
	uint8_t *plain = make_plain(SMALL_SIZE);
	uint8_t *packed;

	scratch_write("plain", plain, SMALL_SIZE);
	FOR_EACH_FORMAT(name)
	{
		run("%s -c < plain > packed", name);
		load("packed", &packed);
		assert_ptr_equal(codec_for_content(packed, CODEC_HEAD),
				 codec_named(name));
		free(packed);
	}
	run("xz --format=lzma -c < plain > packed");
	load("packed", &packed);
	assert_ptr_equal(codec_for_content(packed, CODEC_HEAD),
			 codec_named("xz"));
	free(packed);
	free(plain);
}

TEST(what_was_packed_comes_back)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	FOR_EACH_FORMAT(name)
	{
		pack(name, plain, PLAIN_SIZE, "packed");
		assert_unpacks(name, "packed", plain, PLAIN_SIZE);
	}
	free(plain);
}

TEST(the_programs_unpack_what_was_packed)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	scratch_write("plain", plain, PLAIN_SIZE);
	FOR_EACH_FORMAT(name)
	{
		pack(name, plain, PLAIN_SIZE, "packed");
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

TEST(every_level_packs)
{
	uint8_t *plain = make_plain(SMALL_SIZE);

	FOR_EACH_FORMAT(name)
	{
		const struct codec *codec = codec_named(name);

		for (int level = codec->least_level; level <= codec->most_level;
		     level++) {
			pack_at(name, level, 1, plain, SMALL_SIZE, "packed");
			assert_unpacks(name, "packed", plain, SMALL_SIZE);
		}
	}
	free(plain);
}

TEST(a_level_that_there_is_not_is_refused)
{
	struct output *file = create("packed"), *out;
	struct savetool_error err;

	assert_fails(codec_pack(codec_named("gzip"), &out, file, 10, 1, &err),
		     err, SAVETOOL_USAGE,
		     "gzip has no level 10; its levels are 1 to 9");
	assert_fails(codec_pack(codec_named("lzop"), &out, file, -1, 1, &err),
		     err, SAVETOOL_USAGE,
		     "lzop has no level -1; its levels are 1 to 9");
	assert_fails(codec_pack(codec_named("zstd"), &out, file, 23, 1, &err),
		     err, SAVETOOL_USAGE,
		     "zstd has no level 23; its levels are -7 to 22");
	output_close(file);
}

TEST(the_bytes_do_not_depend_on_threads)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	FOR_EACH_FORMAT(name)
	{
		pack_at(name, 1, 1, plain, PLAIN_SIZE, "one");
		pack_at(name, 1, 2, plain, PLAIN_SIZE, "two");
		pack_at(name, 1, 5, plain, PLAIN_SIZE, "five");
		pack_at(name, 1, 0, plain, PLAIN_SIZE, "all");
		run("cmp one two && cmp one five && cmp one all");
	}
	free(plain);
}

TEST(the_bytes_do_not_depend_on_the_time)
{
	uint8_t *plain = make_plain(SMALL_SIZE);

	FOR_EACH_FORMAT(name)
	{
		char path[20];

		snprintf(path, sizeof(path), "%s.before", name);
		pack(name, plain, SMALL_SIZE, path);
	}
	/* So that another second would be written, if any were. */
	sleep(1);
	FOR_EACH_FORMAT(name)
	{
		pack(name, plain, SMALL_SIZE, "after");
		run("cmp %s.before after", name);
	}
	free(plain);
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

static void assert_as_program(const char *pack, const char *name,
			      unsigned zeros, bool more)
{
	uint64_t size, start, length;
	bool refused;

	run("%s -c < plain > member && { cat member && head -c %u /dev/zero"
	    " && %s member; } > packed",
	    pack, zeros, more ? "cat" : "true");
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

TEST(a_stream_may_start_anywhere)
{
	uint8_t *plain = make_plain(SMALL_SIZE);
	struct savetool_error err;

	scratch_write("plain", plain, SMALL_SIZE);
	FOR_EACH_FORMAT(name)
	{
		run("{ head -c 4099 plain && %s -c < plain; } > packed", name);
		assert_ok(unpack_from(name, "packed", 4099, plain, SMALL_SIZE,
				      &err),
			  err);
	}
	free(plain);
}

TEST(a_stream_may_come_through_a_pipe)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);
	uint8_t *found = malloc(PLAIN_SIZE + 1);

	assert_non_null(found);
	FOR_EACH_FORMAT(name)
	{
		struct input *packed, *in;
		struct savetool_error err;
		size_t got;
		FILE *cat;

		pack(name, plain, PLAIN_SIZE, "packed");
		cat = popen("cat packed", "r");
		assert_non_null(cat);
		assert_ok(input_open_fd(&packed, dup(fileno(cat)), &err), err);
		assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err),
			  err);
		assert_ok(
			input_read_at(in, found, PLAIN_SIZE + 1, 0, &got, &err),
			err);
		assert_int_equal(got, PLAIN_SIZE);
		assert_memory_equal(found, plain, PLAIN_SIZE);
		input_close(in);
		input_close(packed);
		assert_int_equal(pclose(cat), 0);
	}
	free(found);
	free(plain);
}

TEST(other_bytes_behind_the_end_are_corrupt)
{
	uint8_t *plain = make_plain(SMALL_SIZE);
	struct savetool_error err;

	scratch_write("plain", plain, SMALL_SIZE);
	FOR_EACH_FORMAT(name)
	{
		run("{ %s -c < plain && echo and something else; } > packed",
		    name);
		assert_int_equal(
			unpack_from(name, "packed", 0, plain, SMALL_SIZE, &err),
			-1);
		assert_non_null(strstr(err.text, "trailing bytes behind the "
						 "last "));
		assert_int_equal(err.code, SAVETOOL_CORRUPT);
	}
	run("{ gzip -c < plain && head -c 100 /dev/zero && echo and more; } "
	    "> packed");
	assert_int_equal(
		unpack_from("gzip", "packed", 0, plain, SMALL_SIZE, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	free(plain);
}

/* Where it can be cut without a trace: between members. */
static bool is_boundary(const char *name, const uint8_t *packed, size_t size,
			size_t cut)
{
	return strcmp(name, "zstd") == 0 && cut == size - 8 - 8 - 9 &&
	       packed[cut] == 0x5e;
}

TEST(a_stream_that_breaks_off_is_incomplete)
{
	uint8_t *plain = make_plain(SMALL_SIZE), *packed;
	struct savetool_error err;

	FOR_EACH_FORMAT(name)
	{
		unsigned step = strcmp(name, "lzop") == 0 ? 401 : 29;
		size_t size;

		pack(name, plain, SMALL_SIZE, "packed");
		size = load("packed", &packed);
		for (size_t cut = 0; cut < size;
		     cut += cut < 40 || cut + 40 > size ? 1 : step) {
			if (is_boundary(name, packed, size, cut))
				continue;
			scratch_write("cut", packed, cut);
			if (unpack_from(name, "cut", 0, plain, SMALL_SIZE,
					&err) == 0 ||
			    err.code != SAVETOOL_INCOMPLETE)
				fail_test("%s cut at %zu of %zu: %s", name, cut,
					  size, err.text);
		}
		free(packed);
	}
	free(plain);
}

/* How far before the end the checksum of the plain data lies. */
static size_t checksum_from_end(const char *name)
{
	if (strcmp(name, "gzip") == 0)
		return 8;
	if (strcmp(name, "xz") == 0)
		return 12 + 20 + 8;
	if (strcmp(name, "zstd") == 0)
		return 8 + 8 + 9 + 4;
	return 4;
}

TEST(a_wrong_checksum_is_corrupt)
{
	uint8_t *plain = make_plain(SMALL_SIZE), *packed;
	struct savetool_error err;

	FOR_EACH_FORMAT(name)
	{
		size_t size;

		if (strcmp(name, "lzop") == 0)
			continue; /* has one in front of each block */
		pack(name, plain, SMALL_SIZE, "packed");
		size = load("packed", &packed);
		packed[size - checksum_from_end(name)] ^= 1;
		scratch_write("wrong", packed, size);
		assert_int_equal(
			unpack_from(name, "wrong", 0, plain, SMALL_SIZE, &err),
			-1);
		if (err.code != SAVETOOL_CORRUPT)
			fail_test("%s: %s", name, err.text);
		free(packed);
	}
	free(plain);
}

/* Bytes may also say how much follows; then too much or too little does. */
static bool tells_damage(const struct savetool_error *err)
{
	return err->code == SAVETOOL_CORRUPT ||
	       err->code == SAVETOOL_INCOMPLETE ||
	       err->code == SAVETOOL_UNSUPPORTED;
}

/* Of the headers, some bytes mean nothing to what is unpacked. */
TEST(no_damage_to_the_data_goes_unnoticed)
{
	uint8_t *plain = make_plain(SMALL_SIZE), *packed;
	struct savetool_error err;

	FOR_EACH_FORMAT(name)
	{
		size_t size;

		pack(name, plain, SMALL_SIZE, "packed");
		size = load("packed", &packed);
		for (size_t at = 100; at + 100 < size; at += 97) {
			packed[at] ^= 0x10;
			scratch_write("wrong", packed, size);
			packed[at] ^= 0x10;
			if (unpack_from(name, "wrong", 0, plain, SMALL_SIZE,
					&err) == 0 ||
			    !tells_damage(&err))
				fail_test("%s, byte %zu of %zu: %s", name, at,
					  size, err.text);
		}
		free(packed);
	}
	free(plain);
}

TEST(what_precedes_the_damage_can_be_read)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *found = malloc(PLAIN_SIZE);
	struct savetool_error err;

	assert_non_null(found);
	FOR_EACH_FORMAT(name)
	{
		struct input *packed, *in;
		size_t got;

		pack(name, plain, PLAIN_SIZE, "packed");
		run("truncate -s $(($(stat -c %%s packed) * 9 / 10)) packed");
		assert_ok(input_open_file(&packed, "packed", &err), err);
		assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err),
			  err);
		assert_ok(
			input_read_at(in, found, PLAIN_SIZE / 2, 0, &got, &err),
			err);
		assert_int_equal(got, PLAIN_SIZE / 2);
		assert_memory_equal(found, plain, got);
		for (unsigned again = 0; again < 2; again++) {
			assert_int_equal(input_read_all(in, found, PLAIN_SIZE,
							in->position, &got,
							&err),
					 -1);
			assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
		}
		input_close(in);
		input_close(packed);
	}
	free(found);
	free(plain);
}

TEST(both_ways_can_be_left_early)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), head[100];

	FOR_EACH_FORMAT(name)
	{
		struct output *file, *out;
		struct input *packed, *in;
		struct savetool_error err;
		size_t got;

		pack(name, plain, PLAIN_SIZE, "packed");
		assert_ok(input_open_file(&packed, "packed", &err), err);
		assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err),
			  err);
		assert_ok(input_read_at(in, head, sizeof(head), 0, &got, &err),
			  err);
		assert_memory_equal(head, plain, sizeof(head));
		input_close(in);
		input_close(packed);

		file = create("left");
		assert_ok(codec_pack(codec_named(name), &out, file, 0, 2, &err),
			  err);
		assert_ok(output_append(out, plain, PLAIN_SIZE, &err), err);
		output_close(out);
		output_close(file);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_int_equal(scratch_count(".", "left"), 0);
	free(plain);
}

TEST(a_full_disk_is_told)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	FOR_EACH_FORMAT(name)
	{
		int fd = open("/dev/full", O_WRONLY | O_CLOEXEC), result;
		struct output *full, *out;
		struct savetool_error err;

		assert_true(fd >= 0);
		assert_ok(output_open_fd(&full, fd, &err), err);
		assert_ok(codec_pack(codec_named(name), &out, full, 0, 2, &err),
			  err);
		result = output_append(out, plain, PLAIN_SIZE, &err);
		if (result == 0)
			result = output_commit(out, &err);
		assert_int_equal(result, -1);
		assert_int_equal(err.code, SAVETOOL_REFUSED);
		assert_int_equal(err.sys_errno, ENOSPC);
		output_close(out);
		output_close(full);
		close(fd);
	}
	free(plain);
}

TEST(a_missing_lzop_is_told_before_any_work)
{
	char *path = strdup(getenv("PATH"));
	struct output *file = create("packed"), *out;
	struct input *packed, *in;
	struct savetool_error err;

	assert_ok(input_open_memory(&packed, "", 0, &err), err);
	setenv("PATH", "/nonexistent", 1);
	assert_fails(codec_unpack(codec_named("lzop"), &in, packed, 0, &err),
		     err, SAVETOOL_UNSUPPORTED,
		     "lzop: program not found; install lzop");
	assert_fails(codec_pack(codec_named("lzop"), &out, file, 0, 0, &err),
		     err, SAVETOOL_UNSUPPORTED,
		     "lzop: program not found; install lzop");
	setenv("PATH", path, 1);
	input_close(packed);
	output_close(file);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_have_the_names_of_libvirt),
		cmocka_unit_test(generations_are_formats_too),
		cmocka_unit_test(an_unknown_format_is_told_the_known_ones),
		cmocka_unit_test(raw_and_sparse_have_no_codec),
		scratch_test(content_tells_the_codec),
		scratch_test(what_was_packed_comes_back),
		scratch_test(the_programs_unpack_what_was_packed),
		scratch_test(what_the_programs_packed_comes_back),
		scratch_test(nothing_can_be_packed_too),
		scratch_test(every_level_packs),
		scratch_test(a_level_that_there_is_not_is_refused),
		scratch_test(the_bytes_do_not_depend_on_threads),
		scratch_test(the_bytes_do_not_depend_on_the_time),
		scratch_test(several_members_are_one_stream),
		scratch_test(zeros_behind_the_end_are_padding),
		scratch_test(what_the_programs_refuse_is_told),
		scratch_test(members_of_two_kinds_of_xz_are_told),
		scratch_test(a_stream_may_start_anywhere),
		scratch_test(a_stream_may_come_through_a_pipe),
		scratch_test(other_bytes_behind_the_end_are_corrupt),
		scratch_test(a_stream_that_breaks_off_is_incomplete),
		scratch_test(a_wrong_checksum_is_corrupt),
		scratch_test(no_damage_to_the_data_goes_unnoticed),
		scratch_test(what_precedes_the_damage_can_be_read),
		scratch_test(both_ways_can_be_left_early),
		scratch_test(a_full_disk_is_told),
		scratch_test(a_missing_lzop_is_told_before_any_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
