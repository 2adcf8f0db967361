/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs: files, pipes and memory behave alike. */
#include "config.h"

#include "io/input.h"

#include "base/error.h"
#include "unit/scratch.h"

#include <errno.h>

#define TEXT "0123456789"
#define MIB (1 << 20)

static struct input *open_pipe_of(const void *data, size_t size)
{
	struct savetool_error err;
	struct input *in;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], data, size), size);
	close(ends[1]);
	assert_ok(input_open_fd(&in, ends[0], &err), err);
	return in;
}

static struct input *open_file_of(const void *data, size_t size)
{
	struct savetool_error err;
	struct input *in;

	scratch_write("file", data, size);
	assert_ok(input_open_file(&in, "file", &err), err);
	return in;
}

static struct input *open_memory_of(const void *data, size_t size)
{
	struct savetool_error err;
	struct input *in;

	assert_ok(input_open_memory(&in, data, size, &err), err);
	return in;
}

static void reads(struct input *in, uint64_t offset, size_t size,
		  const char *expected)
{
	struct savetool_error err;
	char text[20];
	size_t got;

	assert_ok(input_read_at(in, text, size, offset, &got, &err), err);
	assert_int_equal(got, strlen(expected));
	assert_memory_equal(text, expected, got);
}

static void reads_forwards(struct input *in)
{
	reads(in, 0, 3, "012");
	reads(in, 3, 2, "34");
	reads(in, 7, 2, "78");
	reads(in, 9, 5, "9");
	reads(in, 10, 5, "");
	reads(in, 30, 5, "");
}

TEST(every_kind_is_read_forwards)
{
	struct input *(*const open_of[])(const void *, size_t) = {
		open_file_of,
		open_pipe_of,
		open_memory_of,
	};

	for (unsigned i = 0; i < 3; i++) {
		struct input *in = open_of[i](TEXT, 10);

		reads_forwards(in);
		input_close(in);
	}
}

TEST(a_file_and_memory_are_read_backwards)
{
	struct input *in = open_file_of(TEXT, 10);

	assert_true(in->seekable);
	assert_int_equal(in->size, 10);
	assert_true(input_fd(in) >= 0);
	reads(in, 8, 2, "89");
	reads(in, 0, 2, "01");
	input_close(in);
	in = open_memory_of(TEXT, 10);
	assert_true(in->seekable);
	assert_int_equal(in->size, 10);
	assert_int_equal(input_fd(in), -1);
	reads(in, 8, 2, "89");
	reads(in, 0, 2, "01");
	input_close(in);
}

TEST(a_pipe_goes_back_a_little_only)
{
	static char bytes[4 * INPUT_BACKLOG];
	struct input *in;
	struct savetool_error err;
	char text[2];
	size_t got;

	memcpy(bytes + sizeof(bytes) - 10, TEXT, 10);
	in = open_pipe_of(bytes, sizeof(bytes));
	assert_false(in->seekable);
	assert_true(in->size == SAVETOOL_UNKNOWN);
	reads(in, sizeof(bytes) - 6, 2, "45");
	reads(in, sizeof(bytes) - 7, 4, "3456");
	reads(in, sizeof(bytes) - 6, 2, "45");
	reads(in, sizeof(bytes) - 2, 2, "89");
	assert_ok(input_read_at(in, text, 2, 3 * INPUT_BACKLOG, &got, &err),
		  err);
	assert_fails(
		input_read_at(in, text, 2, 3 * INPUT_BACKLOG - 1, &got, &err),
		err, SAVETOOL_UNSUPPORTED,
		"cannot seek back to byte 3071 in a stream (at byte 4096)");
	input_close(in);
}

/* Gives five bytes, and then fails. */
static ssize_t read_five(struct input *in, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	(void)in;
	errno = EIO;
	if (offset >= 5)
		return fail_errno(err, "cannot read");
	if (size > 5 - offset)
		size = 5 - offset;
	memcpy(data, &TEXT[offset], size);
	return size;
}

TEST(bytes_before_a_failure_are_read_first)
{
	static const struct input_ops ops = { .read_at = read_five };
	struct input in = { .ops = &ops, .size = 10, .seekable = true };
	struct savetool_error err;
	char text[10];
	size_t got;

	assert_ok(input_read_at(&in, text, 10, 0, &got, &err), err);
	assert_int_equal(got, 5);
	assert_int_equal(input_read_at(&in, text, 10, 5, &got, &err), -1);
	assert_int_equal(err.code, SAVETOOL_SYSTEM);
	assert_int_equal(input_read_all(&in, text, 10, 0, &got, &err), -1);
	assert_int_equal(err.code, SAVETOOL_SYSTEM);
}

TEST(a_pipe_skips_more_than_it_holds_at_once)
{
	static char bytes[60000];
	struct input *in;

	memcpy(bytes + 59990, TEXT, 10);
	in = open_pipe_of(bytes, sizeof(bytes));
	reads(in, 59990, 10, TEXT);
	input_close(in);
}

TEST(all_bytes_or_incomplete)
{
	struct input *in = open_file_of(TEXT, 10);
	struct savetool_error err;
	char text[10];

	assert_ok(input_read_exactly(in, text, 10, 0, &err), err);
	assert_memory_equal(text, TEXT, 10);
	assert_fails(input_read_exactly(in, text, 10, 7, &err), err,
		     SAVETOOL_INCOMPLETE,
		     "file ends 7 bytes too early (at byte 10)");
	input_close(in);
}

TEST(the_error_says_why_a_file_cannot_be_opened)
{
	struct savetool_error err;
	struct input *in = NULL;

	assert_fails(input_open_file(&in, "missing", &err), err,
		     SAVETOOL_SYSTEM, "cannot open: No such file or directory");
	assert_fails(input_open_file(&in, ".", &err), err, SAVETOOL_SYSTEM,
		     "cannot read: Is a directory");
	assert_null(in);
}

TEST(a_read_error_says_where)
{
	int fd = open("file", O_WRONLY | O_CREAT, 0600);
	struct savetool_error err;
	struct input *in;
	char text[2];
	size_t got;

	assert_ok(input_open_fd(&in, fd, &err), err);
	assert_fails(input_read_at(in, text, 2, 5, &got, &err), err,
		     SAVETOOL_SYSTEM,
		     "cannot read: Bad file descriptor (at byte 5)");
	input_close(in);
}

static void has_extent(struct input *in, uint64_t offset, uint64_t length,
		       bool hole)
{
	struct extent extent;
	struct savetool_error err;

	assert_ok(input_extent(in, offset, &extent, &err), err);
	assert_int_equal(extent.offset, offset);
	assert_int_equal(extent.length, length);
	if (length > 0)
		assert_int_equal(extent.hole, hole);
}

TEST(extents_are_those_of_the_file)
{
	static const uint8_t data[65536] = { 1 };
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	struct savetool_error err;
	struct input *in;

	assert_int_equal(ftruncate(fd, 3 * MIB), 0);
	assert_int_equal(pwrite(fd, data, sizeof(data), MIB), sizeof(data));
	if (lseek(fd, 0, SEEK_DATA) == 0)
		skip_test("this file system has no holes");
	assert_ok(input_open_fd(&in, fd, &err), err);
	has_extent(in, 0, MIB, true);
	has_extent(in, MIB / 2, MIB / 2, true);
	has_extent(in, MIB, 65536, false);
	has_extent(in, MIB + 100, 65436, false);
	has_extent(in, MIB + 65536, 2 * MIB - 65536, true);
	has_extent(in, 3 * MIB, 0, false);
	has_extent(in, 9 * MIB, 0, false);
	input_close(in);
}

/* What has become a hole since is not noticed: nobody asked again. */
TEST(holes_are_looked_up_once_in_a_file_without_any)
{
	static const uint8_t data[65536] = { 1 };
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	struct savetool_error err;
	struct input *in;

	for (int i = 0; i < 16; i++)
		assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_ok(input_open_fd(&in, fd, &err), err);
	has_extent(in, MIB / 2, MIB / 2, false);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, MIB), 0);
	has_extent(in, 0, MIB, false);
	has_extent(in, MIB / 4, MIB - MIB / 4, false);
	input_close(in);
}

TEST(a_part_in_memory_keeps_its_offsets)
{
	struct savetool_error err;
	struct input *in;
	char text[4];

	assert_ok(input_open_part(&in, "wxyz", 4, 1000, &err), err);
	assert_int_equal(in->size, 1004);
	assert_ok(input_read_exactly(in, text, 2, 1001, &err), err);
	assert_memory_equal(text, "xy", 2);
	assert_fails(
		input_read_exactly(in, text, 2, 999, &err), err,
		SAVETOOL_UNSUPPORTED,
		"cannot seek back: only data from byte 1000 on is buffered (at "
		"byte 999)");
	input_close(in);
}

TEST(memory_has_no_holes)
{
	struct input *in = open_memory_of(TEXT, 10);

	has_extent(in, 3, 7, false);
	has_extent(in, 10, 0, false);
	input_close(in);
}

TEST(memory_has_no_descriptor_and_no_cache)
{
	struct savetool_error err;
	struct input *in;

	assert_ok(input_open_memory(&in, TEXT, 10, &err), err);
	assert_int_equal(input_fd(in), -1);
	assert_ok(input_read_direct(in, true, &err), err);
	reads(in, 0, 10, TEXT);
	input_close(in);
}

TEST(null_can_be_closed)
{
	input_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(every_kind_is_read_forwards),
		scratch_test(a_file_and_memory_are_read_backwards),
		cmocka_unit_test(a_pipe_goes_back_a_little_only),
		cmocka_unit_test(bytes_before_a_failure_are_read_first),
		cmocka_unit_test(a_pipe_skips_more_than_it_holds_at_once),
		scratch_test(all_bytes_or_incomplete),
		scratch_test(the_error_says_why_a_file_cannot_be_opened),
		scratch_test(a_read_error_says_where),
		scratch_test(extents_are_those_of_the_file),
		scratch_test(holes_are_looked_up_once_in_a_file_without_any),
		cmocka_unit_test(a_part_in_memory_keeps_its_offsets),
		cmocka_unit_test(memory_has_no_holes),
		cmocka_unit_test(memory_has_no_descriptor_and_no_cache),
		cmocka_unit_test(null_can_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
