/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes and holes of files, and full disks. */
#include "config.h"

#include "io/output.h"

#include "io/input.h"
#include "unit/cached.h"
#include "unit/mounts.h"
#include "unit/outputs.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>

TEST(skipped_bytes_are_a_hole)
{
	struct output *out = create("x", &plain);

	skip_over(out, MIB);
	append(out, data, 4096);
	skip_over(out, MIB);
	append(out, data, 1);
	finish(out);
	assert_int_equal(logical("x"), 2 * MIB + 4097);
	assert_true(allocated("x") <= 64 * KIB);
	holds_at("x", 0, zeros, MIB);
	holds_at("x", MIB, data, 4096);
	holds_at("x", MIB + 4096, zeros, MIB);
	holds_at("x", 2 * MIB + 4096, data, 1);
}

TEST(a_hole_at_the_end_counts)
{
	struct output *out = create("x", &plain);

	append(out, data, 3);
	skip_over(out, 5 * MIB);
	finish(out);
	assert_int_equal(logical("x"), 5 * MIB + 3);
	assert_true(allocated("x") <= 64 * KIB);
	holds_at("x", 3, zeros, MIB);
}

TEST(a_file_may_have_no_bytes)
{
	finish(create("x", &plain));
	assert_int_equal(logical("x"), 0);
}

TEST(bytes_after_the_position_stay)
{
	struct output *out = create("x", &plain);
	struct savetool_error err;

	assert_ok(output_write_at(out, "late", 4, 10, &err), err);
	append(out, "ab", 2);
	finish(out);
	scratch_holds("x", "ab\0\0\0\0\0\0\0\0late", 14);
}

TEST(written_bytes_are_read_back)
{
	struct output *out = create("x", &plain);
	struct savetool_error err;
	uint8_t back[10];

	append(out, data, 100);
	skip_over(out, 100);
	append(out, "end", 3);
	assert_ok(out->ops->read_at(out, back, 10, 95, &err), err);
	assert_memory_equal(back, data + 95, 5);
	assert_memory_equal(back + 5, zeros, 5);
	assert_ok(out->ops->read_at(out, back, 3, 200, &err), err);
	assert_memory_equal(back, "end", 3);
	assert_fails(out->ops->read_at(out, back, 4, 200, &err), err,
		     SAVETOOL_SYSTEM,
		     "cannot read back: Input/output error (at byte 203)");
	output_close(out);
}

TEST(punching_frees_disk_space)
{
	struct output *out = create("x", &plain);
	struct savetool_error err;

	append(out, data, MIB);
	assert_ok(out->ops->punch(out, 64 * KIB, 512 * KIB, &err), err);
	finish(out);
	assert_int_equal(logical("x"), MIB);
	assert_true(allocated("x") <= 576 * KIB);
	holds_at("x", 0, data, 64 * KIB);
	holds_at("x", 64 * KIB, zeros, 512 * KIB);
	holds_at("x", 576 * KIB, data + 576 * KIB, 448 * KIB);
}

TEST(punching_past_the_end_adds_nothing)
{
	struct output *out = create("x", &plain);
	struct savetool_error err;

	append(out, data, 8192);
	assert_ok(out->ops->punch(out, 8000, MIB, &err), err);
	assert_ok(out->ops->punch(out, MIB, MIB, &err), err);
	finish(out);
	assert_int_equal(logical("x"), 8192);
	holds_at("x", 0, data, 8000);
	holds_at("x", 8000, zeros, 192);
}

TEST(more_pieces_than_a_call_takes_are_written)
{
	const unsigned count = 2 * IOV_MAX + 7;
	struct iovec *iov = calloc(count, sizeof(*iov));
	struct output *out = create("x", &plain);
	struct savetool_error err;
	uint64_t size = 0;

	for (unsigned i = 0; i < count; i++) {
		iov[i].iov_base = data + size;
		iov[i].iov_len = i % 5;
		size += i % 5;
	}
	assert_ok(output_append_iov(out, iov, count, &err), err);
	assert_int_equal(out->position, size);
	finish(out);
	scratch_holds("x", data, size);
	free(iov);
}

TEST(a_full_disk_says_where_and_is_left_clean)
{
	struct output *out;
	struct savetool_error err;

	mount_here("tmpfs", "size=64k");
	out = create("disk/x", &plain);
	output_expect(out, 100 * KIB);
	assert_fails(
		output_append(out, data, 100 * KIB, &err), err,
		SAVETOOL_REFUSED,
		"not enough space after 65536 bytes, at most about 36864 more "
		"are needed: cannot write 'disk/x': No space left on device "
		"(at byte 65536)");
	assert_int_equal(err.sys_errno, ENOSPC);
	/* More than was expected. */
	output_expect(out, 64 * KIB);
	assert_fails(
		output_write_at(out, data, 10, 64 * KIB, &err), err,
		SAVETOOL_REFUSED,
		"not enough space after 65536 bytes, and it is unknown how "
		"many more are needed: cannot write 'disk/x': No space left on "
		"device (at byte 65536)");
	output_close(out);
	assert_int_equal(scratch_count("disk", ""), 0);
}

TEST(without_holes_zeros_are_written)
{
	struct output *out;
	struct savetool_error err;

	mount_here("ramfs", "");
	out = create("disk/x", &plain);
	append(out, data, MIB);
	if (fallocate(output_fd(out),
		      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1) == 0)
		fail_test("ramfs has learned to make holes");
	assert_ok(out->ops->punch(out, 1000, 100000, &err), err);
	assert_ok(out->ops->punch(out, MIB - 10, 100, &err), err);
	finish(out);
	assert_int_equal(logical("disk/x"), MIB);
	holds_at("disk/x", 0, data, 1000);
	holds_at("disk/x", 1000, zeros, 100000);
	holds_at("disk/x", 101000, data + 101000, MIB - 10 - 101000);
	holds_at("disk/x", MIB - 10, zeros, 10);
}

static struct output *create_direct(const char *path)
{
	struct output *out = create(path, &plain);
	struct savetool_error err;

	assert_ok(output_write_direct(out, &err), err);
	return out;
}

/* Gathered bytes count as written, for every function. */
static void write_direct(const char *path)
{
	struct output *out = create_direct(path);
	uint8_t found[5000], *expected = calloc(1, 4 * MIB);
	struct savetool_error err;
	struct input *in;

	memcpy(expected + 100, data, MIB);
	memcpy(expected + MIB - 4096, data, 8192);
	memset(expected + 5000, 0, 100000);
	memcpy(expected + 3 * MIB, data, MIB - 4097);
	/* Without that, XFS allocates ahead, as callers know. */
	assert_ok(output_reach(out, 4 * MIB, &err), err);
	skip_over(out, 100);
	append(out, data, MIB);
	assert_ok(output_write_at(out, data, 8192, MIB - 4096, &err), err);
	assert_ok(out->ops->read_at(out, found, 5000, MIB - 4000, &err), err);
	assert_memory_equal(found, expected + MIB - 4000, 5000);
	assert_ok(out->ops->punch(out, 5000, 100000, &err), err);
	out->position = 3 * MIB;
	append(out, data, MIB - 4097);
	assert_ok(output_read_back(out, &in, &err), err);
	assert_ok(input_read_exactly(in, found, 5000, 4 * MIB - 9097, &err),
		  err);
	assert_memory_equal(found, expected + 4 * MIB - 9097, 5000);
	input_close(in);
	skip_over(out, 4097);
	finish(out);
	scratch_holds(path, expected, 4 * MIB);
	assert_true(allocated(path) <= 2 * MIB + 64 * KIB);
	free(expected);
}

TEST(a_file_is_written_direct)
{
	write_direct("x");
}

/* Long runs, short ones, and what was read back of them. */
TEST(nothing_of_it_is_left_in_the_cache)
{
	static uint8_t part[MIB];
	struct output *out;
	struct savetool_error err;
	struct input *in;

	need_disk();
	out = create_direct("x");
	for (unsigned i = 0; i < 40; i++) {
		append(out, data, i < 20 ? 100 * KIB : MIB - i);
		skip_over(out, 5000);
	}
	assert_ok(output_read_back(out, &in, &err), err);
	for (uint64_t at = 0; at < in->size; at += MIB) {
		size_t got;

		assert_ok(input_read_at(in, part, MIB, at, &got, &err), err);
	}
	input_close(in);
	finish(out);
	assert_int_equal(cached("x"), 0);
}

TEST(tmpfs_is_written_too)
{
	mount_here("tmpfs", "");
	write_direct("disk/x");
}

/* Also of what was gathered long before. */
TEST(a_full_disk_is_as_full_for_direct_writes)
{
	struct output *out;
	struct savetool_error err;

	mount_here("tmpfs", "size=1536k");
	out = create_direct("disk/x");
	output_expect(out, 2 * MIB);
	append(out, data, MIB);
	append(out, data, MIB);
	assert_fails(
		output_commit(out, &err), err, SAVETOOL_REFUSED,
		"not enough space after 1572864 bytes, at most about 524288 "
		"more are needed: cannot write 'disk/x': No space left on "
		"device (at byte 1572864)");
	output_close(out);
	assert_int_equal(scratch_count("disk", ""), 0);
}

TEST(a_file_that_may_not_grow_says_where)
{
	struct output *out = create("x", &plain);
	struct rlimit limit, saved;
	struct savetool_error err;
	int result;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit = saved;
	limit.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	result = output_append(out, data, MIB, &err);
	setrlimit(RLIMIT_FSIZE, &saved);
	signal(SIGXFSZ, SIG_DFL);
	assert_fails(result, err, SAVETOOL_SYSTEM,
		     "cannot write 'x': File too large (at byte 10000)");
	output_close(out);
	assert_int_equal(scratch_count(".", ""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(skipped_bytes_are_a_hole),
		scratch_test(a_hole_at_the_end_counts),
		scratch_test(a_file_may_have_no_bytes),
		scratch_test(bytes_after_the_position_stay),
		scratch_test(written_bytes_are_read_back),
		scratch_test(punching_frees_disk_space),
		scratch_test(punching_past_the_end_adds_nothing),
		scratch_test(more_pieces_than_a_call_takes_are_written),
		mount_test(a_full_disk_says_where_and_is_left_clean),
		mount_test(without_holes_zeros_are_written),
		scratch_test(a_file_is_written_direct),
		scratch_test(nothing_of_it_is_left_in_the_cache),
		mount_test(tmpfs_is_written_too),
		mount_test(a_full_disk_is_as_full_for_direct_writes),
		scratch_test(a_file_that_may_not_grow_says_where),
	};

	return cmocka_run_group_tests(tests, fill_data, NULL);
}
