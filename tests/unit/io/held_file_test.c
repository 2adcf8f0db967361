/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files changed in place, and bitmaps that contradict their pages. */
#include "config.h"

#include "base/error.h"
#include "format/mapped_order.h"
#include "io/held_file.h"

#include "unit/scratch.h"

#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define PAGE 4096
#define PAGES 128

static uint8_t data[PAGES * PAGE];

/* Are all files on NFS, and none of them delegated by its server? */
static bool on_nfs;

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	if (on_nfs && command == F_SETLEASE) {
		errno = EAGAIN;
		return -1;
	}
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

int fstatfs(int fd, struct statfs *st)
{
	long result = syscall(SYS_fstatfs, fd, st);

	if (on_nfs)
		st->f_type = NFS_SUPER_MAGIC;
	return (int)result;
}

static void refused(const char *path, const char *text)
{
	struct held_file place;
	struct savetool_error err;

	assert_int_equal(held_file_open(&place, path, &err), -1);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	assert_string_equal(err.text, text);
}

static struct held_file opened(const char *path)
{
	struct held_file place;
	struct savetool_error err;

	assert_ok(held_file_open(&place, path, &err), err);
	return place;
}

static void open_elsewhere_is_refused(void **state)
{
	struct held_file place;
	int fd;

	(void)state;
	scratch_write("a", data, sizeof(data));
	fd = open("a", O_RDONLY);
	refused("a", "in use by another process");
	close(fd);
	place = opened("a");
	assert_true(place.leased);
	held_file_close(&place);
	held_file_close(&place);
}

static void locked_elsewhere_is_refused(void **state)
{
	struct flock lock = { .l_type = F_RDLCK, .l_len = 1 };
	struct held_file place;
	int fd;

	(void)state;
	scratch_write("a", data, sizeof(data));
	fd = open("a", O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	refused("a", "in use by another process");
	close(fd);
	place = opened("a");
	held_file_close(&place);
}

static void on_nfs_the_lock_decides(void **state)
{
	struct held_file place;
	int fd;

	(void)state;
	scratch_write("a", data, sizeof(data));
	on_nfs = true;
	place = opened("a");
	assert_false(place.leased);
	refused("a", "in use by another process");
	held_file_close(&place);
	fd = open("a", O_RDWR);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	refused("a", "in use by another process");
	close(fd);
	on_nfs = false;
}

static void two_of_us_are_one_too_many(void **state)
{
	struct held_file place;

	(void)state;
	scratch_write("a", data, sizeof(data));
	place = opened("a");
	refused("a", "in use by another process");
	held_file_close(&place);
}

/* Looks, at 10 ms, until a child has come: it may get no processor for long. */
#define PATIENCE 6000

/* A child that wants the file waits until it is let go of. */
static void who_comes_is_noticed(void **state)
{
	struct held_file place;
	struct savetool_error err;
	int status, result = 0;
	pid_t child;

	(void)state;
	scratch_write("a", data, sizeof(data));
	place = opened("a");
	assert_ok(held_file_check(&place, &err), err);
	child = fork();
	if (child == 0)
		_exit(open("a", O_RDONLY) < 0);
	for (int i = 0; i < PATIENCE && result == 0; i++) {
		usleep(10000);
		result = held_file_check(&place, &err);
	}
	assert_int_equal(result, -1);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	held_file_close(&place);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* The caller's: stops the task once so much is done. */
struct caller {
	uint64_t done, end;
	int stopped;
};

static int caller_progress(void *self, uint64_t done, uint64_t total)
{
	struct caller *caller = self;

	(void)total;
	caller->done = done;
	return done >= caller->end;
}

static int caller_stopped(void *self)
{
	struct caller *caller = self;

	return caller->stopped;
}

/* As every long task does it. */
static int step(const struct savetool_monitor *monitor, uint64_t done,
		struct savetool_error *err)
{
	if (monitor->progress(monitor->data, done, 100) == 0 &&
	    monitor->stopped(monitor->data) == 0)
		return 0;
	return fail(err, SAVETOOL_CANCELLED, "interrupted");
}

static void watch_asks_the_caller_first(void **state)
{
	struct caller caller = { .end = 50 };
	const struct savetool_monitor monitor = { caller_progress, &caller,
						  caller_stopped };
	struct held_file_watch watch;
	struct held_file place;
	struct savetool_error err;

	(void)state;
	scratch_write("a", data, sizeof(data));
	place = opened("a");
	held_file_watch_begin(&watch, &place, &monitor);
	assert_ok(step(&watch.monitor, 10, &err), err);
	assert_int_equal(caller.done, 10);
	assert_int_equal(held_file_watch_end(&watch, 0, &err), 0);
	assert_int_equal(step(&watch.monitor, 50, &err), -1);
	assert_int_equal(held_file_watch_end(&watch, -1, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CANCELLED);
	caller.stopped = 1;
	assert_int_equal(step(&watch.monitor, 10, &err), -1);
	held_file_watch_begin(&watch, &place, NULL);
	assert_ok(step(&watch.monitor, 60, &err), err);
	held_file_close(&place);
}

static void watch_stops_for_who_comes(void **state)
{
	struct caller caller = { .end = 50 };
	const struct savetool_monitor monitor = { caller_progress, &caller,
						  NULL };
	struct held_file_watch watch;
	struct held_file place;
	struct savetool_error err;
	int status, result = 0;
	pid_t child;

	(void)state;
	scratch_write("a", data, sizeof(data));
	place = opened("a");
	held_file_watch_begin(&watch, &place, &monitor);
	child = fork();
	if (child == 0)
		_exit(open("a", O_RDONLY) < 0);
	for (int i = 0; i < PATIENCE && result == 0; i++) {
		usleep(10000);
		result = step(&watch.monitor, 10, &err);
	}
	assert_int_equal(result, -1);
	/* Another failure is not hidden. */
	fail(&err, SAVETOOL_CORRUPT, "broken");
	assert_int_equal(held_file_watch_end(&watch, -1, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	fail(&err, SAVETOOL_CANCELLED, "interrupted");
	assert_int_equal(held_file_watch_end(&watch, -1, &err), -1);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	assert_string_equal(err.text,
			    "stopped because another process opened the file");
	held_file_close(&place);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void only_regular_files(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	refused("pipe", "not a regular file");
	refused("/dev/null", "not a regular file");
}

static void holes_read_as_zeros(void **state)
{
	uint8_t expected[sizeof(data)];
	struct held_file place;
	struct savetool_error err;
	struct stat before, after;

	(void)state;
	memset(data, 0x5a, sizeof(data));
	memset(expected, 0x5a, sizeof(expected));
	memset(expected + 2 * PAGE, 0, 3 * PAGE);
	memcpy(expected + PAGE, "new", 3);
	scratch_write("a", data, sizeof(data));
	place = opened("a");
	assert_int_equal(fstat(place.fd, &before), 0);
	assert_ok(held_file_can_punch(&place, &err), err);
	assert_ok(held_file_punch(&place, 2 * PAGE, 3 * PAGE, &err), err);
	assert_ok(held_file_write(&place, "new", 3, PAGE, &err), err);
	assert_int_equal(fstat(place.fd, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	held_file_close(&place);
	scratch_holds("a", expected, sizeof(expected));
}

/* A block of PAGES pages, the first two words of its bitmap. */
static bool doubtful(uint64_t first, uint64_t second)
{
	struct ram_block block = { .name = "a", .length = sizeof(data) };
	struct mapped_header place = { .pages_offset = PAGE };
	struct ram_list list = {
		.layout = { .page_size = PAGE,
			    .length = sizeof(data),
			    .count = 1,
			    .blocks = &block },
		.mapped = true,
		.headers = &place,
	};
	static uint8_t file[PAGE + sizeof(data)];
	uint64_t words[2] = { htole64(first), htole64(second) };
	struct bitmap bitmap = { (uint8_t *)words, sizeof(words), PAGES };
	struct input *in;
	struct savetool_error err;
	enum mapped_order order;

	memcpy(file + PAGE, data, sizeof(data));
	assert_ok(input_open_memory(&in, file, sizeof(file), &err), err);
	assert_ok(mapped_order_probe(&order, in, &list, &bitmap, &err), err);
	input_close(in);
	return order == MAPPED_ORDER_DOUBTFUL || order == MAPPED_ORDER_WRONG;
}

/* Data in these pages of the first word, and in none else. */
static void fill(uint64_t pages)
{
	memset(data, 0, sizeof(data));
	for (int i = 0; i < 64; i++)
		if (pages >> i & 1)
			data[i * PAGE + 100] = 1;
}

static void byte_order_by_pages(void **state)
{
	(void)state;
	fill(0xff);
	assert_false(doubtful(0xff, 0));
	assert_true(doubtful(UINT64_C(0xff) << 56, 0));
	/* Old pages, where either order has it right. */
	fill(0xff | UINT64_C(0xf) << 56);
	assert_false(doubtful(0xff, 0));
	/* Zero pages that are present harm nobody. */
	fill(0x1);
	assert_false(doubtful(0xff, 0));
	/* Nor do bits that are the same in both. */
	fill(0);
	assert_false(doubtful(UINT64_MAX, 0));
	fill(UINT64_MAX);
	assert_false(doubtful(0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(open_elsewhere_is_refused),
		scratch_test(locked_elsewhere_is_refused),
		scratch_test(on_nfs_the_lock_decides),
		scratch_test(two_of_us_are_one_too_many),
		scratch_test(who_comes_is_noticed),
		scratch_test(watch_asks_the_caller_first),
		scratch_test(watch_stops_for_who_comes),
		scratch_test(only_regular_files),
		scratch_test(holes_read_as_zeros),
		cmocka_unit_test(byte_order_by_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
