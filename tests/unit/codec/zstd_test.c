/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zstd frames: as we write them, and as others do. */
#include "config.h"

#include "base/bytes.h"
#include "codec/codec.h"

#include "unit/check.h"
#include "unit/scratch.h"

#include <zstd.h>

#define FRAME (2 << 20)
#define FRAMES 5
#define PLAIN_SIZE ((FRAMES - 1) * FRAME + 1000)

/* Noise and zeros in turn, different in every frame. */
static uint8_t *make_plain(size_t size)
{
	uint8_t *data = malloc(size);
	uint32_t noise = 7;

	assert_non_null(data);
	for (size_t i = 0; i < size; i++) {
		noise = noise * 1664525 + 1013904223;
		data[i] = i / 5000 % 2 ? noise >> 24 : 0;
	}
	return data;
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_test("failed: %s", command);
}

static void pack(const uint8_t *data, size_t size, const char *path)
{
	const struct codec *codec = codec_for_format(SAVETOOL_FORMAT_ZSTD);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct output *file, *out;
	struct savetool_error err;

	assert_true(fd >= 0);
	assert_ok(output_open_fd(&file, fd, &err), err);
	assert_ok(codec_pack(codec, &out, file, 0, 2, &err), err);
	assert_ok(output_append(out, data, size, &err), err);
	assert_ok(output_commit(out, &err), err);
	output_close(out);
	assert_ok(output_commit(file, &err), err);
	output_close(file);
	close(fd);
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

/* Reads in small steps; *got says how much came before the end or failure. */
static int unpack(const char *path, uint8_t *data, size_t size, size_t *got,
		  struct savetool_error *err)
{
	struct input *packed, *in;
	size_t n = 1;
	int result = 0;

	*got = 0;
	assert_ok(input_open_file(&packed, path, err), *err);
	assert_ok(codec_unpack(codec_for_format(SAVETOOL_FORMAT_ZSTD), &in,
			       packed, 0, err),
		  *err);
	while (result == 0 && n > 0) {
		size_t room = size - *got < 4093 ? size - *got : 4093;

		result = input_read_at(in, data + *got, room, *got, &n, err);
		if (result == 0)
			*got += n;
	}
	input_close(in);
	input_close(packed);
	return result;
}

static void assert_unpacks(const char *path, const uint8_t *data, size_t size)
{
	uint8_t *found = malloc(size + 1);
	struct savetool_error err;
	size_t got;

	assert_non_null(found);
	assert_ok(unpack(path, found, size + 1, &got, &err), err);
	assert_int_equal(got, size);
	assert_memory_equal(found, data, size);
	free(found);
}

TEST(frames_have_their_size_and_a_checksum)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	size_t size, at = 0;

	pack(plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned expected = i < FRAMES - 1 ? FRAME : 1000;

		assert_int_equal(
			ZSTD_getFrameContentSize(packed + at, size - at),
			expected);
		assert_true(packed[at + 4] & 4); /* the checksum's flag */
		at += ZSTD_findFrameCompressedSize(packed + at, size - at);
	}
	assert_int_equal(get_le32(packed + at), 0x184d2a5e);
	free(packed);
	free(plain);
}

TEST(the_seek_table_lists_every_frame)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	size_t size, at = 0;
	const uint8_t *table;

	pack(plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	assert_int_equal(get_le32(packed + size - 4), 0x8f92eab1);
	assert_int_equal(packed[size - 5], 0);
	assert_int_equal(get_le32(packed + size - 9), FRAMES);
	table = packed + size - 9 - 8 * FRAMES;
	assert_int_equal(get_le32(table - 4), 8 * FRAMES + 9);
	assert_int_equal(get_le32(table - 8), 0x184d2a5e);
	for (unsigned i = 0; i < FRAMES; i++) {
		size_t frame =
			ZSTD_findFrameCompressedSize(packed + at, size - at);

		assert_int_equal(get_le32(table + 8 * i), frame);
		assert_int_equal(get_le32(table + 8 * i + 4),
				 i < FRAMES - 1 ? FRAME : 1000);
		at += frame;
	}
	assert_ptr_equal(packed + at, table - 8);
	free(packed);
	free(plain);
}

TEST(a_last_frame_that_is_full_is_the_last)
{
	uint8_t *plain = make_plain(2 * FRAME), *packed;
	size_t size;

	pack(plain, 2 * FRAME, "packed");
	size = load("packed", &packed);
	assert_int_equal(get_le32(packed + size - 9), 2);
	assert_unpacks("packed", plain, 2 * FRAME);
	free(packed);
	free(plain);
}

TEST(frames_of_any_kind_mix)
{
	uint8_t *plain = make_plain(3 * PLAIN_SIZE);

	pack(plain, PLAIN_SIZE, "ours");
	scratch_write("one", plain + PLAIN_SIZE, PLAIN_SIZE);
	scratch_write("two", plain + 2 * PLAIN_SIZE, PLAIN_SIZE);
	run("printf 'P*M\\030\\003\\0\\0\\0abc' > skippable");
	run("zstd -q -c one > known && zstd -q -c < two > unknown");
	run("cat skippable ours skippable skippable known unknown skippable "
	    "> mixed");
	assert_unpacks("mixed", plain, 3 * PLAIN_SIZE);
	scratch_write("plain", plain, 3 * PLAIN_SIZE);
	run("zstd -dqc mixed | cmp - plain");

	run("cat ours known ours > mixed");
	memcpy(plain + 2 * PLAIN_SIZE, plain, PLAIN_SIZE);
	assert_unpacks("mixed", plain, 3 * PLAIN_SIZE);
	free(plain);
}

TEST(a_long_window_is_read)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	scratch_write("plain", plain, PLAIN_SIZE);
	run("zstd -q -1 --long=28 -c < plain > long");
	run("! zstd -dqc long > /dev/null 2>&1");
	assert_unpacks("long", plain, PLAIN_SIZE);
	free(plain);
}

TEST(frames_of_pzstd_and_of_worker_threads_are_read)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	scratch_write("plain", plain, PLAIN_SIZE);
	run("pzstd -q -1 -p 2 -c < plain > packed");
	assert_unpacks("packed", plain, PLAIN_SIZE);
	run("zstd -q -T2 -c < plain > packed");
	assert_unpacks("packed", plain, PLAIN_SIZE);
	run("zstd -q --no-check -c < plain > packed");
	assert_unpacks("packed", plain, PLAIN_SIZE);
	free(plain);
}

TEST(a_damaged_frame_is_reported_with_its_offset)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	uint8_t *found = malloc(PLAIN_SIZE);
	size_t size, third = 0, fourth, got;
	char expected[100];
	struct savetool_error err;

	assert_non_null(found);
	pack(plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	for (unsigned i = 0; i < 2; i++)
		third += ZSTD_findFrameCompressedSize(packed + third,
						      size - third);
	fourth = ZSTD_findFrameCompressedSize(packed + third, size - third);
	packed[third + fourth - 1] ^= 0x80;
	scratch_write("packed", packed, size);
	snprintf(expected, sizeof(expected),
		 "zstd member that starts here is damaged before byte %zu "
		 "(at byte %zu)",
		 third + fourth, third);
	assert_fails(unpack("packed", found, PLAIN_SIZE, &got, &err), err,
		     SAVETOOL_CORRUPT, expected);
	assert_true(got > 2 * FRAME - 4093 && got <= 2 * FRAME);
	assert_memory_equal(found, plain, got);
	free(packed);
	free(found);
	free(plain);
}

TEST(data_before_the_damage_is_read)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	uint8_t *found = malloc(PLAIN_SIZE);
	size_t third = 0, size, got;
	char expected[100];
	struct savetool_error err;

	assert_non_null(found);
	pack(plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	for (unsigned i = 0; i < 2; i++)
		third += ZSTD_findFrameCompressedSize(packed + third,
						      size - third);
	scratch_write("packed", packed, third + 500000);
	snprintf(expected, sizeof(expected),
		 "zstd data ends too early (at byte %zu)", third + 500000);
	assert_fails(unpack("packed", found, PLAIN_SIZE, &got, &err), err,
		     SAVETOOL_INCOMPLETE, expected);
	assert_true(got > 2 * FRAME + 500000);
	assert_memory_equal(found, plain, got);
	free(packed);
	free(found);
	free(plain);
}

TEST(a_frame_that_needs_a_dictionary_is_unsupported)
{
	uint8_t *plain = make_plain(400000);
	uint8_t *found = malloc(400000);
	struct savetool_error err;
	size_t got;

	assert_non_null(found);
	scratch_write("plain", plain, 400000);
	run("split -b 4000 plain part. && "
	    "zstd -q --train part.* --maxdict=2000 -o dictionary && "
	    "zstd -q -D dictionary -c < plain > packed");
	assert_int_equal(unpack("packed", found, 400000, &got, &err), -1);
	assert_int_equal(err.code, SAVETOOL_UNSUPPORTED);
	free(found);
	free(plain);
}

TEST(one_frame_is_read_for_the_first_byte)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed, byte = 0xff;
	size_t size, got;
	struct input *memory, *in;
	struct savetool_error err;

	/* All but the first frame is damaged, and nobody minds. */
	pack(plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	got = ZSTD_findFrameCompressedSize(packed, size);
	memset(packed + got, 0x55, size - got);
	assert_ok(input_open_memory(&memory, packed, size, &err), err);
	assert_ok(codec_unpack(codec_for_format(SAVETOOL_FORMAT_ZSTD), &in,
			       memory, 0, &err),
		  err);
	assert_ok(input_read_exactly(in, &byte, 1, 0, &err), err);
	assert_int_equal(byte, plain[0]);
	input_close(in);
	input_close(memory);
	free(packed);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(frames_have_their_size_and_a_checksum),
		scratch_test(the_seek_table_lists_every_frame),
		scratch_test(a_last_frame_that_is_full_is_the_last),
		scratch_test(frames_of_any_kind_mix),
		scratch_test(a_long_window_is_read),
		scratch_test(frames_of_pzstd_and_of_worker_threads_are_read),
		scratch_test(a_damaged_frame_is_reported_with_its_offset),
		scratch_test(data_before_the_damage_is_read),
		scratch_test(a_frame_that_needs_a_dictionary_is_unsupported),
		scratch_test(one_frame_is_read_for_the_first_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
