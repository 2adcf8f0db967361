/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file system has allocated ahead, as far as it does. */
#include "config.h"

#include "io/input.h"
#include "io/unwritten.h"

#include "unit/check.h"

#include <fcntl.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* A file, gone with its descriptor, in the folder where tests run. */
static int new_file(uint64_t size)
{
	char name[] = "unwritten-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

/* Space that is allocated in one piece; skips where that is not told. */
static void allocate(int fd, uint64_t offset, uint64_t length)
{
	struct unwritten unwritten = { 0 };
	struct extent range;

	if (fallocate(fd, 0, offset, length) < 0 ||
	    unwritten_find(&unwritten, fd, offset, UINT64_MAX, &range) <= 0)
		skip();
}

static uint64_t count(int fd)
{
	cleanup_input struct input *in = NULL;
	struct savetool_error err;
	uint64_t bytes;

	assert_ok(input_open_fd(&in, dup(fd), &err), err);
	assert_ok(input_count_unwritten(&bytes, in, &err), err);
	return bytes;
}

TEST(what_nobody_wrote_is_found)
{
	cleanup_input struct input *in = NULL;
	struct savetool_error err;
	struct extent range;
	int fd = new_file(8 * MIB);

	allocate(fd, 2 * MIB, 2 * MIB);
	assert_int_equal(count(fd), 2 * MIB);
	assert_ok(input_open_fd(&in, fd, &err), err);
	assert_int_equal(input_unwritten(in, 0, &range, &err), 1);
	assert_int_equal(range.offset, 2 * MIB);
	assert_int_equal(range.length, 2 * MIB);
	assert_int_equal(input_unwritten(in, 3 * MIB, &range, &err), 1);
	assert_int_equal(range.offset, 3 * MIB);
	assert_int_equal(range.length, MIB);
	assert_int_equal(input_unwritten(in, 4 * MIB, &range, &err), 0);
}

/* The bytes that an input calls data. */
static uint64_t data_in(int fd)
{
	cleanup_input struct input *in = NULL;
	struct savetool_error err;
	uint64_t bytes;

	assert_ok(input_open_fd(&in, dup(fd), &err), err);
	assert_ok(input_count_data(&bytes, in, 0, in->size, &err), err);
	return bytes;
}

/* Gets all of a file into the page cache. */
static void read_through(int fd)
{
	static char bytes[MIB];
	ssize_t got;

	for (off_t at = 0; (got = pread(fd, bytes, MIB, at)) > 0; at += got)
		;
	assert_int_equal(got, 0);
}

/* Linux before 6.5 does not say what is dirty. */
static void need_verdict(int fd)
{
	if (!unwritten_holds_nothing(fd, 0, 4096))
		skip();
}

TEST(what_was_only_read_is_not_data)
{
	int fd = new_file(8 * MIB);

	allocate(fd, 0, 8 * MIB);
	need_verdict(fd);
	assert_int_equal(pwrite(fd, "data", 4, 4 * MIB), 4);
	assert_int_equal(pwrite(fd, "data", 4, 6 * MIB), 4);
	assert_int_equal(fsync(fd), 0);
	read_through(fd);
	assert_true(data_in(fd) <= MIB);
	assert_int_equal(count(fd) + data_in(fd), 8 * MIB);
	close(fd);
}

TEST(what_was_written_between_pages_that_were_read_is_data)
{
	cleanup_input struct input *in = NULL;
	struct savetool_error err;
	struct extent extent;
	int fd = new_file(8 * MIB);

	allocate(fd, 0, 8 * MIB);
	need_verdict(fd);
	read_through(fd);
	assert_int_equal(data_in(fd), 0);
	assert_int_equal(pwrite(fd, "data", 4, 4 * MIB), 4);
	assert_false(unwritten_holds_nothing(fd, 0, 8 * MIB));
	assert_ok(input_open_fd(&in, fd, &err), err);
	assert_ok(input_extent(in, 4 * MIB, &extent, &err), err);
	assert_false(extent.hole);
}

/* Before it is flushed, the file system still calls its place unwritten. */
TEST(what_was_just_written_is_data)
{
	int fd = new_file(8 * MIB);

	allocate(fd, 0, 4 * MIB);
	assert_int_equal(pwrite(fd, "data", 4, MIB), 4);
	assert_true(count(fd) < 4 * MIB);
	assert_true(count(fd) > 3 * MIB);
	close(fd);
}

TEST(what_lies_past_the_end_is_not_the_files)
{
	int fd = new_file(MIB);

	allocate(fd, 0, MIB);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, MIB, 4 * MIB) < 0)
		skip();
	assert_int_equal(count(fd), MIB);
	close(fd);
}

/* More pieces than are asked for at once. */
TEST(many_pieces_are_all_counted)
{
	const unsigned pieces = 3 * UNWRITTEN_BATCH + 1;
	int fd = new_file(4 * pieces * 65536);

	allocate(fd, 0, 65536);
	for (unsigned i = 1; i < pieces; i++)
		assert_int_equal(fallocate(fd, 0, i * 4 * 65536, 65536), 0);
	assert_int_equal(count(fd), pieces * 65536);
	close(fd);
}

TEST(memory_has_no_such_thing)
{
	cleanup_input struct input *in = NULL;
	struct savetool_error err;
	struct extent range;
	uint64_t bytes;

	assert_ok(input_open_memory(&in, "data", 4, &err), err);
	assert_int_equal(input_unwritten(in, 0, &range, &err), 0);
	assert_ok(input_count_unwritten(&bytes, in, &err), err);
	assert_true(bytes == SAVETOOL_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_wrote_is_found),
		cmocka_unit_test(what_was_only_read_is_not_data),
		cmocka_unit_test(
			what_was_written_between_pages_that_were_read_is_data),
		cmocka_unit_test(what_was_just_written_is_data),
		cmocka_unit_test(what_lies_past_the_end_is_not_the_files),
		cmocka_unit_test(many_pieces_are_all_counted),
		cmocka_unit_test(memory_has_no_such_thing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
