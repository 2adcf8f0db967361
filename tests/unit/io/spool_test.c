/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes through a pipe, kept in a temporary file. */
#include "config.h"

#include "io/spool.h"

#include "unit/mounts.h"

#include <signal.h>
#include <sys/resource.h>

#define MIB (UINT64_C(1) << 20)

/* The reading end of a pipe that holds all of this, 64 KiB at most. */
static struct input *pipe_of(const void *data, size_t size)
{
	struct input *in;
	struct savetool_error err;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], data, size), size);
	close(fds[1]);
	assert_ok(input_open_fd(&in, fds[0], &err), err);
	assert_false(in->seekable);
	return in;
}

static int keep(struct input **kept, struct input *in, const void *head,
		size_t head_size, uint64_t offset, uint64_t end,
		struct savetool_error *err)
{
	struct savetool_error broken;

	return spool_open(kept, ".", in, head, head_size, offset, end, &broken,
			  err);
}

/* Keeps head and then a pipe that holds data, up to end, from offset on. */
static struct input *keeps(const char *head, const char *data, uint64_t offset,
			   uint64_t end)
{
	struct input *in = pipe_of(data, strlen(data)), *kept;
	struct savetool_error err;

	/* As if the head had been read from it. */
	in->position = offset + strlen(head);
	assert_ok(keep(&kept, in, head, strlen(head), offset, end, &err), err);
	input_close(in);
	return kept;
}

/* The bytes from offset on, and then the end of the input. */
static void ends_with(struct input *in, uint64_t offset, const char *text)
{
	char found[256];
	struct savetool_error err;
	size_t got;

	assert_ok(input_read_all(in, found, sizeof(found), offset, &got, &err),
		  err);
	assert_int_equal(got, strlen(text));
	assert_memory_equal(found, text, got);
}

static struct spool create(const char *folder)
{
	struct spool spool;
	struct savetool_error err;

	assert_ok(spool_create(&spool, folder, &err), err);
	return spool;
}

static void writes(const struct spool *spool, const char *text, uint64_t offset)
{
	struct savetool_error err;

	assert_ok(spool_write(spool, text, strlen(text), offset, &err), err);
}

TEST(a_pipe_becomes_seekable)
{
	struct input *kept = keeps("", "0123456789", 0, UINT64_MAX);

	assert_true(kept->seekable);
	assert_int_equal(kept->size, 10);
	ends_with(kept, 7, "789");
	ends_with(kept, 2, "23456789");
	input_close(kept);
}

TEST(bytes_that_were_read_already_come_first)
{
	struct input *kept = keeps("head ", "data", 0, UINT64_MAX);

	ends_with(kept, 0, "head data");
	input_close(kept);
}

TEST(each_byte_keeps_its_offset)
{
	struct input *kept = keeps("head ", "data", 1000, UINT64_MAX);

	assert_int_equal(kept->size, 1009);
	ends_with(kept, 1000, "head data");
	input_close(kept);
}

TEST(no_byte_from_the_end_on_is_kept)
{
	struct input *kept = keeps("head ", "data", 0, 7);

	assert_int_equal(kept->size, 7);
	ends_with(kept, 0, "head da");
	input_close(kept);
}

TEST(reading_past_the_end_of_what_was_kept_returns_nothing)
{
	struct input *kept = keeps("", "0123456789", 0, UINT64_MAX);

	ends_with(kept, 10, "");
	ends_with(kept, 5000, "");
	input_close(kept);
}

TEST(the_temporary_file_has_no_name)
{
	struct input *kept = keeps("", "data", 0, UINT64_MAX);

	assert_int_equal(scratch_count(".", ""), 0);
	input_close(kept);
}

/* Data, zeros and data; so much that a file system cannot allocate it ahead. */
TEST(zeros_between_data_take_no_space)
{
	struct input *in = pipe_of("", 0), *kept;
	size_t size = 16 * MIB;
	uint8_t *data = calloc(1, size), byte;
	struct savetool_error err;
	struct stat st;

	assert_non_null(data);
	data[0] = data[size - 1] = 7;
	in->position = size;
	assert_ok(keep(&kept, in, data, size, 0, UINT64_MAX, &err), err);
	assert_int_equal(kept->size, size);
	assert_ok(input_read_exactly(kept, &byte, 1, size - 1, &err), err);
	assert_int_equal(byte, 7);
	assert_ok(input_read_exactly(kept, &byte, 1, size / 2, &err), err);
	assert_int_equal(byte, 0);
	assert_int_equal(fstat(input_fd(kept), &st), 0);
	assert_true(st.st_blocks * UINT64_C(512) < 4 * MIB);
	input_close(kept);
	input_close(in);
	free(data);
}

TEST(zeros_at_the_end_are_kept_as_a_hole)
{
	static const uint8_t zeros[50000];
	struct input *in = pipe_of(zeros, sizeof(zeros)), *kept;
	struct savetool_error err;
	struct stat st;

	assert_ok(keep(&kept, in, NULL, 0, 0, UINT64_MAX, &err), err);
	assert_int_equal(kept->size, sizeof(zeros));
	assert_int_equal(fstat(input_fd(kept), &st), 0);
	assert_int_equal(st.st_blocks, 0);
	input_close(kept);
	input_close(in);
}

TEST(bytes_that_were_not_written_are_read_as_zeros)
{
	struct spool spool = create(".");
	struct savetool_error err;
	char found[12];

	writes(&spool, "abc", 4);
	assert_ok(spool_read(&spool, found, sizeof(found), 0, &err), err);
	assert_memory_equal(found, "\0\0\0\0abc\0\0\0\0\0", sizeof(found));
	close(spool.fd);
}

TEST(bytes_written_again_replace_the_first_ones)
{
	struct spool spool = create(".");
	struct savetool_error err;
	char found[6];

	writes(&spool, "abcdef", 0);
	writes(&spool, "XY", 2);
	assert_ok(spool_read(&spool, found, sizeof(found), 0, &err), err);
	assert_memory_equal(found, "abXYef", sizeof(found));
	close(spool.fd);
}

TEST(a_missing_folder_is_an_error_that_names_it)
{
	struct spool spool;
	struct savetool_error err;

	assert_fails(spool_create(&spool, "none", &err), err, SAVETOOL_SYSTEM,
		     "cannot create a file in 'none': No such file or "
		     "directory");
}

TEST(a_file_that_may_not_grow_says_where)
{
	static uint8_t data[60000] = { 1 };
	struct input *in, *kept;
	struct rlimit limit, saved;
	struct savetool_error err;
	int result;

	memset(data, 1, sizeof(data));
	in = pipe_of(data, sizeof(data));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit = saved;
	limit.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	result = keep(&kept, in, NULL, 0, 0, UINT64_MAX, &err);
	setrlimit(RLIMIT_FSIZE, &saved);
	signal(SIGXFSZ, SIG_DFL);
	assert_fails(result, err, SAVETOOL_SYSTEM,
		     "cannot write a temporary file in '.': File too large "
		     "(at byte 10000)");
	input_close(in);
}

TEST(a_full_disk_is_refused_with_the_number_of_bytes_kept)
{
	static uint8_t data[16384];
	struct spool spool;
	struct savetool_error err;

	memset(data, 1, sizeof(data));
	mount_here("tmpfs", "size=64k");
	spool = create("disk");
	for (unsigned i = 0; i < 4; i++)
		assert_ok(spool_write(&spool, data, sizeof(data),
				      i * sizeof(data), &err),
			  err);
	assert_fails(spool_write(&spool, data, sizeof(data), 65536, &err), err,
		     SAVETOOL_REFUSED,
		     "not enough space after 65536 bytes, and it is unknown "
		     "how many more are needed: cannot write a temporary file "
		     "in 'disk': No space left on device (at byte 65536)");
	close(spool.fd);
}

static void folder_is(const char *destination, const char *expected)
{
	char *folder = spool_folder(destination);

	assert_string_equal(folder, expected);
	free(folder);
}

TEST(the_folder_for_standard_output_is_the_default)
{
	folder_is("-", SPOOL_FOLDER);
}

TEST(the_folder_of_a_new_destination_is_where_its_name_says)
{
	folder_is("new", ".");
	folder_is("some/new", "some");
	folder_is("/no-such-file", "/");
}

TEST(the_folder_of_a_symbolic_link_is_that_of_its_target)
{
	char *expected = realpath(".", NULL), *folder;

	assert_non_null(expected);
	assert_int_equal(mkdir("there", 0700), 0);
	scratch_write("there/target", "", 0);
	assert_int_equal(symlink("there/target", "link"), 0);
	folder = spool_folder("link");
	assert_memory_equal(folder, expected, strlen(expected));
	assert_string_equal(folder + strlen(expected), "/there");
	free(folder);
	free(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_pipe_becomes_seekable),
		scratch_test(bytes_that_were_read_already_come_first),
		scratch_test(each_byte_keeps_its_offset),
		scratch_test(no_byte_from_the_end_on_is_kept),
		scratch_test(
			reading_past_the_end_of_what_was_kept_returns_nothing),
		scratch_test(the_temporary_file_has_no_name),
		scratch_test(zeros_between_data_take_no_space),
		scratch_test(zeros_at_the_end_are_kept_as_a_hole),
		scratch_test(bytes_that_were_not_written_are_read_as_zeros),
		scratch_test(bytes_written_again_replace_the_first_ones),
		scratch_test(a_missing_folder_is_an_error_that_names_it),
		scratch_test(a_file_that_may_not_grow_says_where),
		mount_test(
			a_full_disk_is_refused_with_the_number_of_bytes_kept),
		scratch_test(the_folder_for_standard_output_is_the_default),
		scratch_test(
			the_folder_of_a_new_destination_is_where_its_name_says),
		scratch_test(
			the_folder_of_a_symbolic_link_is_that_of_its_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
