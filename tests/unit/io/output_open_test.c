/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs that are not new files: descriptors, pipes, devices. */
#include "config.h"

#include "io/output.h"

#include "unit/outputs.h"

#include <errno.h>
#include <linux/loop.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

static const struct output_file_options force = {
	.force = true,
	.like_fd = -1,
};

static const struct output_file_options regular = {
	.regular = true,
	.like_fd = -1,
};

TEST(a_pipe_gets_zeros_for_holes)
{
	uint8_t found[3000];
	struct output *out;
	struct savetool_error err;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(output_open_fd(&out, ends[1], &err), err);
	assert_false(out->seekable);
	append(out, "ab", 2);
	skip_over(out, 2000);
	append(out, "c", 1);
	finish(out);
	/* It stays the caller's. */
	assert_int_equal(write(ends[1], "d", 1), 1);
	assert_int_equal(read(ends[0], found, sizeof(found)), 2004);
	assert_memory_equal(found, "ab", 2);
	assert_memory_equal(found + 2, zeros, 2000);
	assert_memory_equal(found + 2002, "cd", 2);
	close(ends[0]);
	close(ends[1]);
}

TEST(a_pipe_that_nobody_reads_is_a_system_error)
{
	struct output *out;
	struct savetool_error err;
	int ends[2], result;

	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_ok(output_open_fd(&out, ends[1], &err), err);
	signal(SIGPIPE, SIG_IGN);
	result = output_append(out, "ab", 2, &err);
	signal(SIGPIPE, SIG_DFL);
	assert_fails(result, err, SAVETOOL_SYSTEM,
		     "cannot write standard output: Broken pipe (at byte 0)");
	assert_int_equal(err.sys_errno, EPIPE);
	output_close(out);
	close(ends[1]);
}

static void *drain(void *from)
{
	static uint8_t bytes[16384];
	size_t total = 0;
	ssize_t n;

	/* The pipe has filled up by then, or the test shows less. */
	usleep(50000);
	while ((n = read(*(int *)from, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (bytes[i] != data[total + i])
				return NULL;
		total += n;
	}
	return (void *)total;
}

TEST(a_pipe_that_does_not_block_is_waited_for)
{
	struct output *out;
	struct savetool_error err;
	pthread_t thread;
	void *total;
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, drain, &ends[0]), 0);
	assert_ok(output_open_fd(&out, ends[1], &err), err);
	append(out, data, MIB);
	finish(out);
	close(ends[1]);
	pthread_join(thread, &total);
	assert_int_equal((size_t)total, MIB);
	close(ends[0]);
}

TEST(a_descriptor_of_a_new_file_can_have_holes)
{
	int fd = open("x", O_WRONLY | O_CREAT, 0644);
	struct output *out;
	struct savetool_error err;
	char back[2];

	assert_ok(output_open_fd(&out, fd, &err), err);
	assert_true(out->seekable);
	append(out, "ab", 2);
	skip_over(out, MIB);
	assert_ok(output_write_at(out, "X", 1, 0, &err), err);
	assert_ok(out->ops->read_at(out, back, 2, 0, &err), err);
	assert_memory_equal(back, "Xb", 2);
	finish(out);
	/* As when a shell's next command writes there. */
	assert_int_equal(write(fd, "c", 1), 1);
	close(fd);
	assert_int_equal(logical("x"), MIB + 3);
	assert_true(allocated("x") <= 64 * KIB);
	holds_at("x", 0, "Xb", 2);
	holds_at("x", MIB + 2, "c", 1);
}

TEST(a_descriptor_of_a_new_file_is_emptied_without_commit)
{
	int fd = open("x", O_WRONLY | O_CREAT, 0644);
	struct output *out;
	struct savetool_error err;

	assert_ok(output_open_fd(&out, fd, &err), err);
	append(out, "ab", 2);
	output_close(out);
	close(fd);
	assert_int_equal(logical("x"), 0);
}

TEST(a_descriptor_of_an_old_file_is_a_stream)
{
	struct output *out;
	struct savetool_error err;
	int fd;

	scratch_write("x", "old", 3);
	fd = open("x", O_WRONLY | O_APPEND);
	assert_ok(output_open_fd(&out, fd, &err), err);
	assert_false(out->seekable);
	append(out, "ab", 2);
	output_close(out);
	close(fd);
	scratch_holds("x", "oldab", 5);
	fd = open("x", O_WRONLY);
	assert_ok(output_open_fd(&out, fd, &err), err);
	assert_false(out->seekable);
	output_close(out);
	close(fd);
	scratch_holds("x", "oldab", 5);
	fd = open("new", O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_ok(output_open_fd(&out, fd, &err), err);
	assert_false(out->seekable);
	output_close(out);
	close(fd);
}

TEST(a_descriptor_that_is_none_is_a_system_error)
{
	struct output *out;
	struct savetool_error err;

	assert_fails(output_open_fd(&out, -1, &err), err, SAVETOOL_SYSTEM,
		     "cannot examine the output: Bad file descriptor");
}

TEST(a_character_device_is_written_in_place)
{
	struct output *out = create("/dev/null", &plain);
	struct savetool_error err;
	struct stat st;

	assert_false(out->seekable);
	append(out, data, 5);
	finish(out);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	out = create("/dev/full", &plain);
	assert_fails(
		output_append(out, data, 5, &err), err, SAVETOOL_REFUSED,
		"not enough space after 0 bytes, and it is unknown how many "
		"more are needed: cannot write '/dev/full': No space left on "
		"device (at byte 0)");
	output_close(out);
}

TEST(a_fifo_is_written_in_place)
{
	struct output *out;
	char text[10];
	int fd;

	assert_int_equal(mkfifo("x", 0600), 0);
	fd = open("x", O_RDONLY | O_NONBLOCK);
	out = create("x", &plain);
	assert_false(out->seekable);
	append(out, "abc", 3);
	finish(out);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	close(fd);
	assert_int_equal(scratch_count(".", ""), 1);
}

/* A disk of two megabytes that is full of somebody's bytes. */
static int open_disk(char name[32])
{
	/* Gone with the last who has it open, however the test ends. */
	const struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR), number, disk, file;

	if (control < 0)
		skip_test("there are no loop devices here");
	scratch_write("backing", data, MIB);
	file = open("backing", O_RDWR);
	assert_int_equal(pwrite(file, data, MIB, MIB), MIB);
	number = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	snprintf(name, 32, "/dev/loop%d", number);
	disk = open(name, O_RDWR);
	if (number < 0 || disk < 0 || ioctl(disk, LOOP_SET_FD, file) < 0)
		skip_test("cannot have a loop device here: %s",
			  strerror(errno));
	assert_int_equal(ioctl(disk, LOOP_SET_STATUS64, &info), 0);
	close(file);
	return disk;
}

static void write_disk(const char *name)
{
	struct output *out = create(name, &force);
	struct savetool_error err;
	char back[4];

	assert_true(out->seekable);
	append(out, "head", 4);
	skip_over(out, 100000);
	append(out, "middle", 6);
	assert_ok(output_write_at(out, "far", 3, 700000, &err), err);
	assert_ok(output_write_at(out, "H", 1, 0, &err), err);
	assert_ok(out->ops->read_at(out, back, 4, 0, &err), err);
	assert_memory_equal(back, "Head", 4);
	out->position = 800001;
	commit(out);
	assert_int_equal(output_write_at(out, data, 10, 2 * MIB - 4, &err), -1);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	assert_non_null(strstr(err.text, "': No space left"));
	output_close(out);
}

static void holds_disk(const char *name)
{
	holds_at(name, 0, "Head", 4);
	holds_at(name, 4, zeros, 100000);
	holds_at(name, 100004, "middle", 6);
	holds_at(name, 100010, zeros, 599990);
	holds_at(name, 700000, "far", 3);
	holds_at(name, 700003, zeros, 99998);
}

TEST(a_disk_is_cleared_where_it_is_skipped)
{
	char name[32], text[64];
	int disk = open_disk(name);
	struct output *out;
	struct savetool_error err;
	struct stat st;

	snprintf(text, sizeof(text), "'%s' exists", name);
	assert_fails(output_create_file(&out, name, &plain, &err), err,
		     SAVETOOL_REFUSED, text);
	snprintf(text, sizeof(text), "'%s' is not a regular file", name);
	assert_fails(output_create_file(&out, name, &regular, &err), err,
		     SAVETOOL_REFUSED, text);
	write_disk(name);
	holds_disk(name);
	assert_int_equal(stat(name, &st), 0);
	assert_true(S_ISBLK(st.st_mode));
	close(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_gets_zeros_for_holes),
		cmocka_unit_test(a_pipe_that_nobody_reads_is_a_system_error),
		cmocka_unit_test(a_pipe_that_does_not_block_is_waited_for),
		scratch_test(a_descriptor_of_a_new_file_can_have_holes),
		scratch_test(
			a_descriptor_of_a_new_file_is_emptied_without_commit),
		scratch_test(a_descriptor_of_an_old_file_is_a_stream),
		cmocka_unit_test(a_descriptor_that_is_none_is_a_system_error),
		cmocka_unit_test(a_character_device_is_written_in_place),
		scratch_test(a_fifo_is_written_in_place),
		scratch_test(a_disk_is_cleared_where_it_is_skipped),
	};

	return cmocka_run_group_tests(tests, fill_data, NULL);
}
