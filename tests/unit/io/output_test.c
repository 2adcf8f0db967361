/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every output has in common: positions, gaps, order. */
#include "config.h"

#include "io/output.h"

#include "unit/recorder.h"

#include <errno.h>

static struct recorder recorder;

static struct output *make(bool seekable)
{
	recorder_init(&recorder, seekable);
	return &recorder.base;
}

TEST(appending_moves_the_position)
{
	struct output *out = make(true);
	struct savetool_error err;

	assert_ok(output_append(out, "abc", 3, &err), err);
	assert_ok(output_append(out, "de", 2, &err), err);
	assert_int_equal(out->position, 5);
	assert_string_equal(recorder.log, "write 3 at 0\nwrite 2 at 3\n");
	assert_memory_equal(recorder.bytes, "abcde.", 6);
}

TEST(many_pieces_are_appended_in_one_call)
{
	struct output *out = make(false);
	struct iovec iov[] = { { (char *)"ab", 2 },
			       { NULL, 0 },
			       { (char *)"cde", 3 } };
	struct savetool_error err;

	assert_ok(output_append_iov(out, iov, 3, &err), err);
	assert_int_equal(out->position, 5);
	assert_string_equal(recorder.log, "write 5 at 0\n");
	assert_memory_equal(recorder.bytes, "abcde.", 6);
}

TEST(a_failed_write_does_not_move_the_position)
{
	struct output *out = make(true);
	struct savetool_error err;

	recorder.fails = true;
	assert_fails(output_append(out, "abc", 3, &err), err, SAVETOOL_SYSTEM,
		     "recorder is told to fail");
	assert_int_equal(out->position, 0);
}

TEST(writing_elsewhere_leaves_the_position)
{
	struct output *out = make(true);
	struct savetool_error err;

	assert_ok(output_append(out, "abc", 3, &err), err);
	assert_ok(output_write_at(out, "X", 1, 1, &err), err);
	assert_ok(output_write_at(out, "Y", 1, 9, &err), err);
	assert_int_equal(out->position, 3);
	assert_memory_equal(recorder.bytes, "aXc......Y", 10);
}

TEST(skipping_writes_nothing_where_there_are_holes)
{
	struct output *out = make(true);
	struct savetool_error err;

	assert_ok(output_skip(out, UINT64_C(1) << 40, &err), err);
	assert_true(out->position == UINT64_C(1) << 40);
	assert_string_equal(recorder.log, "");
}

TEST(skipping_beyond_all_files_is_refused)
{
	struct output *out = make(true);
	struct savetool_error err;

	assert_ok(output_skip(out, 5, &err), err);
	assert_fails(output_skip(out, INT64_MAX, &err), err, SAVETOOL_SYSTEM,
		     "cannot write: File too large (at byte 5)");
	assert_fails(output_skip(out, UINT64_MAX, &err), err, SAVETOOL_SYSTEM,
		     "cannot write: File too large (at byte 5)");
	assert_int_equal(out->position, 5);
}

TEST(skipping_in_a_stream_writes_zeros)
{
	static const uint8_t zeros[100001];
	struct output *out = make(false);
	struct savetool_error err;

	assert_ok(output_append(out, "abc", 3, &err), err);
	assert_ok(output_skip(out, sizeof(zeros), &err), err);
	assert_ok(output_append(out, "d", 1, &err), err);
	assert_int_equal(out->position, sizeof(zeros) + 4);
	assert_memory_equal(recorder.bytes + 3, zeros, sizeof(zeros));
	assert_memory_equal(recorder.bytes + 100004, "d.", 2);
	/* Few calls: a megabyte each, if there is so much. */
	assert_string_equal(recorder.log, "write 3 at 0\n"
					  "write 100001 at 3\n"
					  "write 1 at 100004\n");
}

TEST(skipping_nothing_does_nothing)
{
	struct output *out = make(false);
	struct savetool_error err;

	assert_ok(output_skip(out, 0, &err), err);
	assert_string_equal(recorder.log, "");
}

TEST(a_stream_is_written_in_order_only)
{
	struct output *out = make(false);
	struct savetool_error err;

	assert_ok(output_write_at(out, "abc", 3, 0, &err), err);
	assert_int_equal(out->position, 3);
	assert_fails(output_write_at(out, "x", 1, 0, &err), err,
		     SAVETOOL_UNSUPPORTED,
		     "cannot seek to byte 0 in a stream (at byte 3)");
	assert_fails(output_write_at(out, "x", 1, 4, &err), err,
		     SAVETOOL_UNSUPPORTED,
		     "cannot seek to byte 4 in a stream (at byte 3)");
	assert_string_equal(recorder.log, "write 3 at 0\n");
}

TEST(each_kind_has_its_own_commit_and_close)
{
	struct output *out = make(true);
	struct savetool_error err;

	assert_ok(output_commit(out, &err), err);
	output_close(out);
	assert_string_equal(recorder.log, "commit 0 at 0\nclose 0 at 0\n");
	output_close(NULL);
}

TEST(what_an_output_cannot_do_is_left_out_or_fails)
{
	struct output *out = make(true);
	struct savetool_error err;
	struct input *in;
	char byte;

	assert_ok(output_reach(out, 10, &err), err);
	assert_ok(output_write_direct(out, &err), err);
	assert_ok(output_flush(out, &err), err);
	output_expect(out, 10);
	assert_int_equal(output_fd(out), -1);
	assert_fails(output_read_back(out, &in, &err), err,
		     SAVETOOL_UNSUPPORTED, "this output cannot be read back");
	assert_fails(output_read_at(out, &byte, 1, 0, &err), err,
		     SAVETOOL_UNSUPPORTED, "this output cannot be read back");
	assert_fails(output_punch(out, 0, 1, &err), err, SAVETOOL_UNSUPPORTED,
		     "this output cannot have holes");
	assert_string_equal(recorder.log, "");
}

TEST(without_an_operation_for_it_the_last_write_is_a_write)
{
	struct output *out = make(true);
	struct savetool_error err;

	assert_ok(output_append(out, "abc", 3, &err), err);
	assert_ok(output_write_last(out, "X", 1, 0, &err), err);
	assert_int_equal(out->position, 3);
	assert_memory_equal(recorder.bytes, "Xbc.", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appending_moves_the_position),
		cmocka_unit_test(many_pieces_are_appended_in_one_call),
		cmocka_unit_test(a_failed_write_does_not_move_the_position),
		cmocka_unit_test(writing_elsewhere_leaves_the_position),
		cmocka_unit_test(skipping_writes_nothing_where_there_are_holes),
		cmocka_unit_test(skipping_beyond_all_files_is_refused),
		cmocka_unit_test(skipping_in_a_stream_writes_zeros),
		cmocka_unit_test(skipping_nothing_does_nothing),
		cmocka_unit_test(a_stream_is_written_in_order_only),
		cmocka_unit_test(each_kind_has_its_own_commit_and_close),
		cmocka_unit_test(what_an_output_cannot_do_is_left_out_or_fails),
		cmocka_unit_test(
			without_an_operation_for_it_the_last_write_is_a_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
