/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Codecs: names, levels, threads, damage, and ends that come early. */
#include "config.h"

#include "unit/packing.h"

#include <errno.h>
#include <sys/wait.h>

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

TEST(v2_and_v3_are_names_of_formats)
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

TEST(an_error_about_an_unknown_format_lists_the_known_ones)
{
	enum savetool_format format;
	struct savetool_error err;

	assert_fails(savetool_format_parse("GZIP", &format, &err), err,
		     SAVETOOL_USAGE,
		     "unknown format 'GZIP', not one of raw, gzip, bzip2, xz, "
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

TEST(the_codec_is_recognised_by_content)
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

TEST(every_level_compresses)
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

TEST(a_level_out_of_range_is_refused)
{
	struct output *file = create("packed"), *out;
	struct savetool_error err;

	assert_fails(codec_pack(codec_named("gzip"), &out, file, 10, 1, &err),
		     err, SAVETOOL_USAGE,
		     "format 'gzip' has no level 10, only 1 to 9");
	assert_fails(codec_pack(codec_named("lzop"), &out, file, -1, 1, &err),
		     err, SAVETOOL_USAGE,
		     "format 'lzop' has no level -1, only 1 to 9");
	assert_fails(codec_pack(codec_named("zstd"), &out, file, 23, 1, &err),
		     err, SAVETOOL_USAGE,
		     "format 'zstd' has no level 23, only -7 to 22");
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

		pack_at(name, 1, 2, plain, PLAIN_SIZE, "packed");
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

TEST(other_bytes_after_the_end_are_not_data)
{
	uint8_t *plain = make_plain(SMALL_SIZE);
	struct savetool_error err;

	scratch_write("plain", plain, SMALL_SIZE);
	FOR_EACH_FORMAT(name)
	{
		run("{ %s -c < plain && echo and something else; } > packed",
		    name);
		assert_ok(
			unpack_from(name, "packed", 0, plain, SMALL_SIZE, &err),
			err);
	}
	free(plain);
}

TEST(a_rest_passes_as_the_table_says)
{
	static const struct {
		const char *name;
		bool three_zeros, four_zeros, other;
	} expected[] = {
		{ "gzip", true, true, false },   { "bzip2", true, true, true },
		{ "lzop", true, true, true },    { "xz", false, true, false },
		{ "zstd", false, false, false },
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		const struct codec *codec = codec_named(expected[i].name);
		struct packed_rest rest = { .offset = 100 };

		assert_true(codec_passes(codec, &rest));
		rest.zeros = 3;
		assert_int_equal(codec_passes(codec, &rest),
				 expected[i].three_zeros);
		rest.zeros = 4;
		assert_int_equal(codec_passes(codec, &rest),
				 expected[i].four_zeros);
		rest.other = true;
		assert_int_equal(codec_passes(codec, &rest), expected[i].other);
		rest.member = true;
		assert_false(codec_passes(codec, &rest));
		rest = (struct packed_rest){ .zeros = 4, .alone = true };
		assert_false(codec_passes(codec, &rest));
	}
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

/* Some bytes of the headers do not affect the decompressed data. */
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

TEST(data_before_the_damage_can_be_read)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *found = malloc(PLAIN_SIZE);
	struct savetool_error err;

	assert_non_null(found);
	FOR_EACH_FORMAT(name)
	{
		struct input *packed, *in;
		size_t got;

		pack_at(name, 1, 2, plain, PLAIN_SIZE, "packed");
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

TEST(both_directions_can_be_closed_early)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), head[100];

	FOR_EACH_FORMAT(name)
	{
		struct output *file, *out;
		struct input *packed, *in;
		struct savetool_error err;
		size_t got;

		pack_at(name, 1, 2, plain, PLAIN_SIZE, "packed");
		assert_ok(input_open_file(&packed, "packed", &err), err);
		assert_ok(codec_unpack(codec_named(name), &in, packed, 0, &err),
			  err);
		assert_ok(input_read_at(in, head, sizeof(head), 0, &got, &err),
			  err);
		assert_memory_equal(head, plain, sizeof(head));
		input_close(in);
		input_close(packed);

		file = create("left");
		assert_ok(codec_pack(codec_named(name), &out, file, 1, 2, &err),
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

TEST(a_full_disk_is_reported)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	FOR_EACH_FORMAT(name)
	{
		int fd = open("/dev/full", O_WRONLY | O_CLOEXEC), result;
		struct output *full, *out;
		struct savetool_error err;

		assert_true(fd >= 0);
		assert_ok(output_open_fd(&full, fd, &err), err);
		assert_ok(codec_pack(codec_named(name), &out, full, 1, 2, &err),
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

TEST(a_missing_lzop_is_reported_before_any_work)
{
	char *path = strdup(getenv("PATH"));
	struct output *file = create("packed"), *out;
	struct input *packed, *in;
	struct savetool_error err;

	assert_ok(input_open_memory(&packed, "", 0, &err), err);
	setenv("PATH", "/nonexistent", 1);
	assert_fails(codec_unpack(codec_named("lzop"), &in, packed, 0, &err),
		     err, SAVETOOL_UNSUPPORTED, "program 'lzop' not found");
	assert_fails(codec_pack(codec_named("lzop"), &out, file, 0, 0, &err),
		     err, SAVETOOL_UNSUPPORTED, "program 'lzop' not found");
	setenv("PATH", path, 1);
	input_close(packed);
	output_close(file);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_have_the_names_of_libvirt),
		cmocka_unit_test(v2_and_v3_are_names_of_formats),
		cmocka_unit_test(
			an_error_about_an_unknown_format_lists_the_known_ones),
		cmocka_unit_test(raw_and_sparse_have_no_codec),
		scratch_test(the_codec_is_recognised_by_content),
		scratch_test(every_level_compresses),
		scratch_test(a_level_out_of_range_is_refused),
		scratch_test(the_bytes_do_not_depend_on_threads),
		scratch_test(the_bytes_do_not_depend_on_the_time),
		scratch_test(a_stream_may_start_anywhere),
		scratch_test(a_stream_may_come_through_a_pipe),
		scratch_test(other_bytes_after_the_end_are_not_data),
		cmocka_unit_test(a_rest_passes_as_the_table_says),
		scratch_test(a_stream_that_breaks_off_is_incomplete),
		scratch_test(a_wrong_checksum_is_corrupt),
		scratch_test(no_damage_to_the_data_goes_unnoticed),
		scratch_test(data_before_the_damage_can_be_read),
		scratch_test(both_directions_can_be_closed_early),
		scratch_test(a_full_disk_is_reported),
		scratch_test(a_missing_lzop_is_reported_before_any_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
