/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A member of a tar archive that is written straight on: planned by one run,
 * written by the next one, and read again by the reader of archives.
 */
#include "config.h"

#include "io/output_straight.h"

#include "io/output_plan.h"
#include "outer/archive_reader.h"

#include "unit/outputs.h"

#define SIZE_MOST (2 * MIB)
#define WRITES_MOST 40

struct write {
	uint64_t offset;
	size_t size;
	uint8_t byte; /* 0: zeros */
};

static struct write writes[WRITES_MOST];
static unsigned count;
static uint64_t end;
static uint8_t bytes[SIZE_MOST], model[SIZE_MOST], found[SIZE_MOST + 1];

static int setup(void **state)
{
	count = 0;
	end = 0;
	memset(model, 0, sizeof(model));
	return scratch_enter(state);
}

#define straight_test(name)                                                    \
	cmocka_unit_test_setup_teardown(name, setup, scratch_leave)

static void add(uint64_t offset, size_t size, uint8_t byte)
{
	assert_true(count < WRITES_MOST && offset + size <= SIZE_MOST);
	writes[count++] = (struct write){ offset, size, byte };
	memset(model + offset, byte, size);
	if (offset + size > end)
		end = offset + size;
}

static int run(struct output *out, struct savetool_error *err)
{
	for (unsigned i = 0; i < count; i++) {
		memset(bytes, writes[i].byte, writes[i].size);
		if (output_write_at(out, bytes, writes[i].size,
				    writes[i].offset, err) < 0)
			return -1;
	}
	out->position = end;
	return 0;
}

/* False: not in the order of the file. */
static bool makes_plan(struct tar_plan *plan)
{
	struct savetool_error err;
	struct output *out;
	bool straight;

	assert_ok(tar_plan_init(plan, &err), err);
	assert_ok(output_open_plan(&out, plan, &straight, &err), err);
	if (run(out, &err) < 0 || output_commit(out, &err) < 0)
		assert_false(straight);
	output_close(out);
	return straight;
}

static struct output *begins(const struct tar_plan *plan)
{
	const struct output_tar_options options = { .name = "dir/member" };
	struct savetool_error err;
	struct output *out;

	assert_ok(output_open_straight(&out, create("a.tar", &plain), &options,
				       plan, &err),
		  err);
	return out;
}

/* The archive has the model, with its holes, and nothing else. */
static void is_model(uint64_t *stored)
{
	cleanup_archive_member struct archive_member member = { 0 };
	struct archive_member none = { 0 };
	struct archive_reader *reader;
	struct savetool_error err;
	struct input *in, *content;
	size_t got;

	assert_ok(input_open_file(&in, "a.tar", &err), err);
	assert_ok(archive_reader_open(&reader, in, ARCHIVE_KIND_TAR, &err),
		  err);
	assert_int_equal(archive_reader_next(reader, &member, &err), 1);
	assert_string_equal(member.name, "dir/member");
	assert_int_equal(member.size, end);
	*stored = input_ranges_stored(&member.ranges);
	assert_ok(archive_reader_open_member(&content, reader, &member, false,
					     &err),
		  err);
	assert_ok(input_read_all(content, found, sizeof(found), 0, &got, &err),
		  err);
	assert_int_equal(got, end);
	assert_memory_equal(found, model, end);
	input_close(content);
	assert_int_equal(archive_reader_next(reader, &none, &err), 0);
	archive_reader_close(reader);
	input_close(in);
}

static void goes_straight(uint64_t *stored)
{
	cleanup_tar_plan struct tar_plan plan;
	struct savetool_error err;
	struct output *out;

	assert_true(makes_plan(&plan));
	out = begins(&plan);
	assert_ok(run(out, &err), err);
	finish(out);
	is_model(stored);
}

static void does_not_go_straight(void)
{
	cleanup_tar_plan struct tar_plan plan;

	assert_false(makes_plan(&plan));
}

static void what_is_written_late_stands_where_it_belongs(void **state)
{
	uint64_t stored;

	(void)state;
	add(0, 100, 'h');
	add(1 * MIB, 8192, 'p');
	add(1 * MIB + 65536, 4096, 'q');
	add(4096, 5000, 'b'); /* a bitmap */
	add(3, 16, 'm');      /* a header that is complete now */
	goes_straight(&stored);
	assert_int_equal(stored, 4096 + 8192 + 8192 + 100 - 100 + 4096);
}

static void zeros_of_a_bitmap_are_a_hole(void **state)
{
	uint64_t stored;

	(void)state;
	add(0, 100, 'h');
	add(2 * MIB - 1, 1, 'e');
	add(65536, 1 * MIB, 0);
	goes_straight(&stored);
	assert_int_equal(stored, 8192);
}

static void zeros_over_data_are_zeros(void **state)
{
	uint64_t stored;

	(void)state;
	add(0, 300000, 'h');
	add(65536, 65536, 0);
	goes_straight(&stored);
	add(65536 + 10, 10, 'x');
	does_not_go_straight();
}

static void nothing_is_an_empty_member(void **state)
{
	uint64_t stored;

	(void)state;
	goes_straight(&stored);
	unlink("a.tar");
	end = 5000;
	goes_straight(&stored);
	assert_int_equal(stored, 0);
}

static void what_is_read_back_or_punched_does_not_go_straight(void **state)
{
	cleanup_tar_plan struct tar_plan plan;
	struct savetool_error err;
	struct output *out;
	bool straight;

	(void)state;
	assert_ok(tar_plan_init(&plan, &err), err);
	assert_ok(output_open_plan(&out, &plan, &straight, &err), err);
	append(out, "bytes", 5);
	assert_ok(output_punch(out, 5, 1000, &err), err);
	assert_true(straight);
	assert_int_equal(output_read_at(out, bytes, 1, 0, &err), -1);
	assert_false(straight);
	straight = true;
	assert_int_equal(output_punch(out, 4, 1000, &err), -1);
	assert_false(straight);
	output_close(out);
}

/* Sent into a pipe; how many bytes that were. */
static size_t sends(const struct tar_plan *plan, bool commits)
{
	const struct output_tar_options options = { .name = "m" };
	struct output *below, *out;
	struct savetool_error err;
	ssize_t got;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(output_open_fd(&below, ends[1], &err), err);
	assert_ok(output_open_straight(&out, below, &options, plan, &err), err);
	assert_ok(run(out, &err), err);
	if (commits)
		commit(out);
	output_close(out);
	got = read(ends[0], found, sizeof(found));
	close(ends[0]);
	close(ends[1]);
	return got;
}

/* No program takes what is in it for all of the member. */
static void what_is_not_committed_ends_within_the_member(void **state)
{
	cleanup_tar_plan struct tar_plan plan;

	(void)state;
	add(0, 1024, 'h');
	assert_true(makes_plan(&plan));
	assert_int_equal(sends(&plan, true), sends(&plan, false) + 1 + 1024);
}

static void another_run_that_writes_more_fails(void **state)
{
	cleanup_tar_plan struct tar_plan plan;
	struct savetool_error err;
	struct output *out;

	(void)state;
	add(0, 100, 'h');
	add(100000, 100, 't');
	assert_true(makes_plan(&plan));
	out = begins(&plan);
	assert_ok(output_write_at(out, data, 4096, 0, &err), err);
	assert_fails(output_write_at(out, data, 100, 8192, &err), err,
		     SAVETOOL_SYSTEM, "the image changed while it was read");
	output_close(out);
	out = begins(&plan);
	assert_fails(output_write_at(out, data, 101, 100000, &err), err,
		     SAVETOOL_SYSTEM, "the image changed while it was read");
	output_close(out);
	out = begins(&plan);
	assert_ok(output_write_at(out, data, 100, 0, &err), err);
	out->position = 5000;
	assert_fails(output_commit(out, &err), err, SAVETOOL_SYSTEM,
		     "the image changed while it was read");
	output_close(out);
}

/* Of any writes that are mostly in order. */
static void any_writes_give_the_same_bytes(void **state)
{
	unsigned straight = 0;

	(void)state;
	srand(12);
	for (int i = 0; i < 60; i++) {
		uint64_t at = 0, stored;
		cleanup_tar_plan struct tar_plan plan;

		count = 0;
		end = 0;
		memset(model, 0, sizeof(model));
		while (count < 15) {
			size_t size = 1 + rand() % 50000;
			bool late = rand() % 4 == 0;
			uint64_t offset =
				late ? (uint64_t)rand() % 1000000 : at;

			add(offset, size, rand() % 4 ? 1 + rand() % 255 : 0);
			if (!late)
				at = offset + size + rand() % 30000;
		}
		if (!makes_plan(&plan))
			continue;
		tar_plan_free(&plan);
		goes_straight(&stored);
		unlink("a.tar");
		straight++;
	}
	assert_true(straight > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		straight_test(what_is_written_late_stands_where_it_belongs),
		straight_test(zeros_of_a_bitmap_are_a_hole),
		straight_test(zeros_over_data_are_zeros),
		straight_test(nothing_is_an_empty_member),
		straight_test(
			what_is_read_back_or_punched_does_not_go_straight),
		straight_test(what_is_not_committed_ends_within_the_member),
		straight_test(another_run_that_writes_more_fails),
		straight_test(any_writes_give_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, fill_data, NULL);
}
