/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing past the page cache: every byte at its offset, in order. */
#include "config.h"

#include "io/direct_writer.h"

#include "unit/cached.h"
#include "unit/mounts.h"

#include <signal.h>
#include <sys/resource.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define SIZE (8 * MIB)

static uint8_t data[4 * MIB];

struct opened {
	int fd;
	struct direct_writer *writer;
	uint8_t *model; /* what the file should hold */
	uint64_t end;
};

/* With another file for direct writing, or NULL. */
static struct opened open_pair(const char *name, const char *direct)
{
	struct opened opened = {
		.fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600),
		.model = calloc(1, SIZE),
	};
	struct savetool_error err;
	int other = -1;

	assert_true(opened.fd >= 0);
	if (direct)
		other = open(direct, O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (direct && other < 0)
		other = open(direct, O_WRONLY | O_CLOEXEC);
	assert_non_null(opened.model);
	assert_ok(direct_writer_new(&opened.writer, opened.fd, other, &err),
		  err);
	return opened;
}

static struct opened open_writer(const char *name)
{
	return open_pair(name, name);
}

static void close_writer(struct opened *opened)
{
	direct_writer_free(opened->writer);
	close(opened->fd);
	free(opened->model);
}

/* Bytes from somewhere in the data. */
static void put(struct opened *opened, uint64_t offset, size_t size,
		size_t from)
{
	assert_int_equal(
		direct_write(opened->writer, data + from, size, offset), 0);
	memcpy(opened->model + offset, data + from, size);
	if (offset + size > opened->end)
		opened->end = offset + size;
}

static void flush(struct opened *opened)
{
	assert_int_equal(direct_flush(opened->writer), 0);
}

/* Numbers that are the same in every run. */
static uint32_t any(uint32_t below)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (uint64_t)state * below >> 32;
}

/* Small and large, adjoining, jumping, back over what was written. */
static void put_anything(struct opened *opened)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < 2000; i++) {
		static const uint32_t units[] = { 1, 8, 512, 4096 };
		uint32_t unit = units[any(4)];
		size_t size = (1 + any(i % 50 ? 20 : 500)) * unit;

		if (any(4) == 0)
			at = any(SIZE / unit) * unit;
		if (size > sizeof(data) / 2)
			size = sizeof(data) / 2;
		if (size > SIZE - at)
			at = 0;
		put(opened, at, size, any(sizeof(data) / 2));
		at += size;
		if (any(100) == 0)
			flush(opened);
	}
	flush(opened);
}

static void holds_model(const struct opened *opened, const char *name)
{
	scratch_holds(name, opened->model, opened->end);
}

TEST(any_offset_size_and_order_will_do)
{
	struct opened opened = open_writer("x");

	put_anything(&opened);
	holds_model(&opened, "x");
	close_writer(&opened);
}

TEST(without_a_direct_opening_too)
{
	struct opened opened = open_pair("x", NULL);

	put_anything(&opened);
	holds_model(&opened, "x");
	close_writer(&opened);
}

/* A file that says so of whatever is written to it, but for a digit. */
TEST(if_direct_writes_are_refused_others_are_used)
{
	struct opened opened = open_pair("x", "/proc/self/clear_refs");

	put_anything(&opened);
	holds_model(&opened, "x");
	close_writer(&opened);
}

TEST(a_file_system_without_it_is_written_all_the_same)
{
	struct opened opened;

	mount_here("ramfs", "");
	opened = open_writer("disk/x");
	put_anything(&opened);
	holds_model(&opened, "disk/x");
	close_writer(&opened);
}

/* Blocks that O_DIRECT writes, over and under what it does not. */
TEST(the_later_bytes_count)
{
	struct opened opened = open_writer("x");

	put(&opened, 0, 2 * MIB, 0);
	put(&opened, MIB - 3, 7, 100);
	put(&opened, 4096, MIB, 5);
	put(&opened, 5000, 1, 77);
	flush(&opened);
	put(&opened, 4095, MIB + 2, 9);
	flush(&opened);
	holds_model(&opened, "x");
	close_writer(&opened);
}

TEST(bytes_that_are_not_written_stay_a_hole)
{
	struct opened opened = open_writer("x");
	struct stat st;

	put(&opened, 0, MIB, 0);
	put(&opened, 4 * MIB + 4096, MIB, 0);
	put(&opened, 7 * MIB + 100, 100, 0);
	flush(&opened);
	holds_model(&opened, "x");
	assert_int_equal(fsync(opened.fd), 0);
	assert_int_equal(fstat(opened.fd, &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 <= 2 * MIB + 128 * KIB);
	close_writer(&opened);
}

TEST(long_runs_never_enter_the_cache)
{
	struct opened opened;

	need_disk();
	opened = open_writer("x");
	/* At no good place in memory. */
	for (unsigned i = 0; i < 16; i++)
		put(&opened, i * 256 * KIB, 256 * KIB, 8);
	flush(&opened);
	assert_int_equal(cached("x"), 0);
	holds_model(&opened, "x");
	close_writer(&opened);
}

TEST(unaligned_ends_leave_the_cache_once_they_are_on_disk)
{
	struct opened opened;

	need_disk();
	opened = open_writer("x");
	put(&opened, 100, 2 * MIB, 8);
	put(&opened, 3 * MIB + 1, 4096, 8);
	flush(&opened);
	assert_true(cached("x") > 0);
	assert_true(cached("x") <= 64 * KIB);
	assert_int_equal(fsync(opened.fd), 0);
	direct_drop_cache(opened.writer);
	assert_int_equal(cached("x"), 0);
	holds_model(&opened, "x");
	close_writer(&opened);
}

TEST(a_failure_says_where)
{
	struct opened opened = open_writer("x");
	struct rlimit limit, saved;
	int result, number;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit = saved;
	limit.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	result = direct_write(opened.writer, data, 2 * MIB, 0);
	number = errno;
	setrlimit(RLIMIT_FSIZE, &saved);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(result, -1);
	assert_int_equal(number, EFBIG);
	assert_int_equal(direct_failed_at(opened.writer), 10000);
	close_writer(&opened);
}

static int fill_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = 1 + (i * 7 + i / 251) % 255;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(any_offset_size_and_order_will_do),
		scratch_test(without_a_direct_opening_too),
		scratch_test(if_direct_writes_are_refused_others_are_used),
		mount_test(a_file_system_without_it_is_written_all_the_same),
		scratch_test(the_later_bytes_count),
		scratch_test(bytes_that_are_not_written_stay_a_hole),
		scratch_test(long_runs_never_enter_the_cache),
		scratch_test(
			unaligned_ends_leave_the_cache_once_they_are_on_disk),
		scratch_test(a_failure_says_where),
	};

	return cmocka_run_group_tests(tests, fill_data, NULL);
}
