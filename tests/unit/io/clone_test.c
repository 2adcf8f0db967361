/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that share storage, if the file system of this test can do that. */
#include "config.h"

#include "io/clone.h"

#include "unit/outputs.h"

#include <errno.h>

#define SIZE (3 * CLONE_UNIT + 5)

static int source_of(const uint8_t *bytes)
{
	int fd = open("source", O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, SIZE, 0), SIZE);
	assert_int_equal(fsync(fd), 0);
	return fd;
}

/* Either all of it, or nothing. */
TEST(a_clone_is_complete_or_nothing)
{
	static uint8_t bytes[SIZE], found[SIZE];
	struct output *out;
	struct savetool_error err;
	int fd, cloned;

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = i * 7 / 3 + 1;
	fd = source_of(bytes);
	out = create("out", &plain);
	cloned = output_clone(out, fd, CLONE_UNIT, 2 * CLONE_UNIT, 0, &err);
	assert_int_equal(cloned, clone_works_beside("out", fd));
	if (cloned == 1) {
		assert_ok(output_read_at(out, found, SIZE - CLONE_UNIT,
					 2 * CLONE_UNIT, &err),
			  err);
		assert_memory_equal(found, bytes + CLONE_UNIT,
				    SIZE - CLONE_UNIT);
		assert_ok(output_read_at(out, found, 2 * CLONE_UNIT, 0, &err),
			  err);
		for (size_t i = 0; i < 2 * CLONE_UNIT; i++)
			assert_int_equal(found[i], 0);
	}
	output_close(out);
	close(fd);
}

TEST(a_pipe_is_no_clone)
{
	struct output *out;
	struct savetool_error err;
	int ends[2], fd = open(".", O_RDONLY);

	assert_int_equal(pipe(ends), 0);
	assert_ok(output_open_fd(&out, ends[1], &err), err);
	assert_int_equal(output_clone(out, fd, 0, 0, 0, &err), 0);
	output_close(out);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

TEST(a_path_that_is_nowhere_cannot_be_cloned_to)
{
	int fd = open(".", O_RDONLY);

	assert_false(clone_works_beside("none/out", fd));
	assert_false(clone_works_beside("out", fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_clone_is_complete_or_nothing),
		scratch_test(a_pipe_is_no_clone),
		scratch_test(a_path_that_is_nowhere_cannot_be_cloned_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
