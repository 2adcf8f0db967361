/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cursor: what it shows, across chunks, to the end, and into a copy. */
#include "config.h"

#include "io/reader.h"

#include "unit/recorder.h"

#define MIB (UINT64_C(1) << 20)

/* Bytes that show where they are, more than two chunks of them. */
struct sample {
	size_t size;
	uint8_t *bytes;
	struct input *in;
	struct chunk_pool *pool;
	struct reader reader;
};

static uint8_t byte_at(uint64_t offset)
{
	return offset * 7 + offset / 251;
}

static void open_sample(struct sample *sample, size_t size)
{
	struct savetool_error err;

	sample->size = size;
	sample->bytes = malloc(size);
	for (size_t i = 0; i < size; i++)
		sample->bytes[i] = byte_at(i);
	assert_ok(input_open_memory(&sample->in, sample->bytes, size, &err),
		  err);
	/* One chunk: a reader that held two would wait for ever. */
	assert_ok(chunk_pool_new(&sample->pool, 1, &err), err);
	reader_init(&sample->reader, sample->in, sample->pool, 0);
}

static void close_sample(struct sample *sample)
{
	reader_release(&sample->reader);
	chunk_pool_free(sample->pool);
	input_close(sample->in);
	free(sample->bytes);
}

static void shows(const struct reader *reader, const uint8_t *expected,
		  size_t size)
{
	assert_true(reader_visible(reader) >= size);
	assert_memory_equal(reader->next, expected, size);
}

TEST(bytes_across_two_chunks_are_contiguous)
{
	const size_t step = 4105, size = 2 * CHUNK_SIZE + 77;
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, size);
	for (size_t at = 0; at + step <= size; at += step) {
		assert_ok(reader_need(&sample.reader, step, &err), err);
		assert_int_equal(sample.reader.offset, at);
		shows(&sample.reader, sample.bytes + at, step);
		assert_ok(reader_consume(&sample.reader, step, &err), err);
	}
	close_sample(&sample);
}

/* Notes where it is asked to read, and to what memory. */
struct noting {
	struct input base;
	unsigned reads, aligned;
};

static ssize_t note(struct input *in, void *to, size_t size, uint64_t offset,
		    struct savetool_error *err)
{
	struct noting *noting = (struct noting *)in;

	(void)err;
	if (offset >= in->size)
		return 0;
	noting->reads++;
	if (offset % 4096 == 0 && (uintptr_t)to % 4096 == 0)
		noting->aligned++;
	if (size > in->size - offset)
		size = in->size - offset;
	memset(to, 0, size);
	return size;
}

/* Wherever it starts, and whatever it passes over. */
TEST(all_reads_but_the_first_begin_with_a_block)
{
	static const struct input_ops ops = { .read_at = note };
	struct noting noting = {
		.base = { .ops = &ops, .size = 9 * MIB, .seekable = true },
	};
	struct chunk_pool *pool;
	struct reader reader;
	struct savetool_error err;

	assert_ok(chunk_pool_new(&pool, 1, &err), err);
	reader_init(&reader, &noting.base, pool, 67245);
	while (reader.offset + 4105 <= 4 * MIB) {
		assert_ok(reader_need(&reader, 4105, &err), err);
		assert_ok(reader_consume(&reader, 4105, &err), err);
	}
	assert_true(noting.reads > 3);
	assert_int_equal(noting.aligned, noting.reads - 1);
	assert_ok(reader_skip(&reader, 3 * MIB, &err), err);
	while (reader.offset + 4105 <= 9 * MIB) {
		assert_ok(reader_need(&reader, 4105, &err), err);
		assert_ok(reader_consume(&reader, 4105, &err), err);
	}
	assert_int_equal(noting.aligned, noting.reads - 2);
	reader_release(&reader);
	chunk_pool_free(pool);
}

TEST(the_whole_headroom_can_be_needed)
{
	struct sample sample;
	struct savetool_error err;
	uint64_t at;

	open_sample(&sample, 2 * CHUNK_SIZE);
	assert_ok(reader_need(&sample.reader, 1, &err), err);
	at = reader_visible(&sample.reader) - CHUNK_HEADROOM + 1;
	assert_ok(reader_consume(&sample.reader, at, &err), err);
	assert_ok(reader_need(&sample.reader, CHUNK_HEADROOM, &err), err);
	shows(&sample.reader, sample.bytes + at, CHUNK_HEADROOM);
	close_sample(&sample);
}

TEST(needing_bytes_past_the_end_is_incomplete)
{
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 10);
	assert_ok(reader_need(&sample.reader, 10, &err), err);
	assert_ok(reader_consume(&sample.reader, 7, &err), err);
	assert_fails(reader_need(&sample.reader, 4, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 10)");
	assert_ok(reader_need(&sample.reader, 3, &err), err);
	shows(&sample.reader, sample.bytes + 7, 3);
	close_sample(&sample);
}

TEST(looking_says_how_much_there_is)
{
	struct sample sample;
	struct savetool_error err;
	size_t got;

	open_sample(&sample, 10);
	assert_ok(reader_look(&sample.reader, 4, &got, &err), err);
	assert_int_equal(got, 4);
	assert_ok(reader_look(&sample.reader, 40, &got, &err), err);
	assert_int_equal(got, 10);
	assert_ok(reader_consume(&sample.reader, 10, &err), err);
	assert_ok(reader_look(&sample.reader, 1, &got, &err), err);
	assert_int_equal(got, 0);
	close_sample(&sample);
}

TEST(a_start_inside_the_input_is_kept)
{
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 100);
	reader_init(&sample.reader, sample.in, sample.pool, 60);
	assert_ok(reader_need(&sample.reader, 40, &err), err);
	shows(&sample.reader, sample.bytes + 60, 40);
	assert_int_equal(sample.reader.offset, 60);
	close_sample(&sample);
}

TEST(skipping_goes_far_and_within)
{
	const uint64_t far = CHUNK_SIZE + 5000;
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 2 * CHUNK_SIZE);
	assert_ok(reader_need(&sample.reader, 10, &err), err);
	assert_ok(reader_skip(&sample.reader, 5, &err), err);
	shows(&sample.reader, sample.bytes + 5, 5);
	assert_ok(reader_skip(&sample.reader, far, &err), err);
	assert_int_equal(sample.reader.offset, far + 5);
	assert_ok(reader_need(&sample.reader, 10, &err), err);
	shows(&sample.reader, sample.bytes + far + 5, 10);
	close_sample(&sample);
}

TEST(skipping_to_the_end_works_and_past_it_is_incomplete)
{
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 10);
	assert_fails(reader_skip(&sample.reader, 11, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 10)");
	assert_fails(reader_skip(&sample.reader, UINT64_MAX, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 10)");
	assert_ok(reader_skip(&sample.reader, 10, &err), err);
	assert_fails(reader_need(&sample.reader, 1, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 10)");
	close_sample(&sample);
}

TEST(nothing_is_read_past_a_limit)
{
	struct sample sample;
	struct savetool_error err;
	size_t got;

	open_sample(&sample, 2 * CHUNK_SIZE);
	sample.reader.limit = CHUNK_SIZE + 7;
	assert_ok(reader_skip(&sample.reader, 10, &err), err);
	assert_fails(reader_skip(&sample.reader, CHUNK_SIZE - 2, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 1048583)");
	assert_ok(reader_skip(&sample.reader, CHUNK_SIZE - 10, &err), err);
	assert_ok(reader_look(&sample.reader, 100, &got, &err), err);
	assert_int_equal(got, 7);
	shows(&sample.reader, sample.bytes + CHUNK_SIZE, 7);
	close_sample(&sample);
}

TEST(all_that_is_consumed_is_copied)
{
	static struct recorder copy;
	struct sample sample;
	struct savetool_error err;
	uint32_t word;

	open_sample(&sample, 100000);
	recorder_init(&copy, false);
	assert_ok(reader_skip(&sample.reader, 10, &err), err);
	sample.reader.copy_to = &copy.base;
	assert_ok(reader_be32(&sample.reader, &word, &err), err);
	assert_ok(reader_skip(&sample.reader, 90000, &err), err);
	sample.reader.copy_to = NULL;
	assert_ok(reader_skip(&sample.reader, 10, &err), err);
	assert_int_equal(copy.base.position, 90004);
	assert_memory_equal(copy.bytes, sample.bytes + 10, 90004);
	close_sample(&sample);
}

TEST(copying_does_not_go_past_the_end)
{
	static struct recorder copy;
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 10);
	recorder_init(&copy, false);
	sample.reader.copy_to = &copy.base;
	assert_fails(reader_skip(&sample.reader, 11, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 10)");
	close_sample(&sample);
}

TEST(a_copy_that_fails_ends_the_reading)
{
	static struct recorder copy;
	struct sample sample;
	struct savetool_error err;
	uint8_t byte;

	open_sample(&sample, 10);
	recorder_init(&copy, false);
	copy.fails = true;
	sample.reader.copy_to = &copy.base;
	assert_fails(reader_u8(&sample.reader, &byte, &err), err,
		     SAVETOOL_SYSTEM, "recorder is told to fail");
	close_sample(&sample);
}

TEST(integers_are_big_endian_and_consumed)
{
	static const uint8_t bytes[] = { 0x11, 1, 2, 1, 2, 3, 4, 1,
					 2,    3, 4, 5, 6, 7, 8 };
	struct reader reader;
	struct savetool_error err;
	uint8_t u8;
	uint16_t be16;
	uint32_t be32;
	uint64_t be64;

	reader_init_memory(&reader, bytes, sizeof(bytes), 1000);
	assert_ok(reader_u8(&reader, &u8, &err), err);
	assert_ok(reader_be16(&reader, &be16, &err), err);
	assert_ok(reader_be32(&reader, &be32, &err), err);
	assert_ok(reader_be64(&reader, &be64, &err), err);
	assert_int_equal(u8, 0x11);
	assert_int_equal(be16, 0x0102);
	assert_int_equal(be32, 0x01020304);
	assert_int_equal(be64, 0x0102030405060708);
	assert_int_equal(reader.offset, 1015);
	assert_fails(reader_u8(&reader, &u8, &err), err, SAVETOOL_INCOMPLETE,
		     "image ends (at byte 1015)");
}

TEST(an_integer_that_breaks_off_is_not_consumed)
{
	struct reader reader;
	struct savetool_error err;
	uint64_t value = 5;

	reader_init_memory(&reader, "1234567", 7, 0);
	assert_fails(reader_be64(&reader, &value, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 7)");
	assert_int_equal(reader.offset, 0);
	assert_int_equal(value, 5);
}

TEST(a_name_has_a_length_and_gets_a_nul)
{
	uint8_t bytes[257];
	struct reader reader;
	struct savetool_error err;
	char text[STR8_SIZE];

	reader_init_memory(&reader, "\6pc.ramX\0", 9, 0);
	assert_ok(reader_str8(&reader, text, &err), err);
	assert_string_equal(text, "pc.ram");
	assert_int_equal(reader.offset, 7);
	memset(bytes, 'n', sizeof(bytes));
	bytes[0] = 255;
	reader_init_memory(&reader, bytes, 256, 0);
	assert_ok(reader_str8(&reader, text, &err), err);
	assert_int_equal(strlen(text), 255);
	reader_init_memory(&reader, "", 1, 0);
	assert_ok(reader_str8(&reader, text, &err), err);
	assert_string_equal(text, "");
}

TEST(a_name_with_a_nul_is_corrupt)
{
	struct reader reader;
	struct savetool_error err;
	char text[STR8_SIZE];

	reader_init_memory(&reader, "\3a\0b", 4, 50);
	assert_fails(reader_str8(&reader, text, &err), err, SAVETOOL_CORRUPT,
		     "name contains a NUL byte (at byte 51)");
}

TEST(a_name_that_breaks_off_is_incomplete)
{
	struct reader reader;
	struct savetool_error err;
	char text[STR8_SIZE];

	reader_init_memory(&reader, "\5pc", 3, 50);
	assert_fails(reader_str8(&reader, text, &err), err, SAVETOOL_INCOMPLETE,
		     "image ends (at byte 53)");
}

TEST(memory_can_be_skipped_within_but_not_beyond)
{
	struct reader reader;
	struct savetool_error err;

	reader_init_memory(&reader, "1234567", 7, 0);
	assert_ok(reader_skip(&reader, 7, &err), err);
	reader_init_memory(&reader, "1234567", 7, 0);
	assert_fails(reader_skip(&reader, 8, &err), err, SAVETOOL_INCOMPLETE,
		     "image ends (at byte 7)");
}

TEST(going_forwards_reads_what_is_between)
{
	const uint64_t far = CHUNK_SIZE + 5000;
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 2 * CHUNK_SIZE);
	assert_ok(reader_go(&sample.reader, far, &err), err);
	assert_int_equal(sample.reader.offset, far);
	assert_ok(reader_go(&sample.reader, far, &err), err);
	assert_ok(reader_need(&sample.reader, 10, &err), err);
	shows(&sample.reader, sample.bytes + far, 10);
	assert_fails(reader_go(&sample.reader, 3 * CHUNK_SIZE, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 2097152)");
	close_sample(&sample);
}

TEST(bytes_are_copied_across_chunks)
{
	const size_t size = CHUNK_SIZE + 12345;
	uint8_t *copy = malloc(size);
	struct sample sample;
	struct savetool_error err;

	open_sample(&sample, 2 * CHUNK_SIZE);
	assert_ok(reader_bytes(&sample.reader, copy, 7, &err), err);
	assert_memory_equal(copy, sample.bytes, 7);
	assert_ok(reader_bytes(&sample.reader, copy, size, &err), err);
	assert_memory_equal(copy, sample.bytes + 7, size);
	assert_int_equal(sample.reader.offset, size + 7);
	assert_fails(reader_bytes(&sample.reader, copy, size, &err), err,
		     SAVETOOL_INCOMPLETE, "image ends (at byte 2097152)");
	close_sample(&sample);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_across_two_chunks_are_contiguous),
		cmocka_unit_test(all_reads_but_the_first_begin_with_a_block),
		cmocka_unit_test(the_whole_headroom_can_be_needed),
		cmocka_unit_test(needing_bytes_past_the_end_is_incomplete),
		cmocka_unit_test(looking_says_how_much_there_is),
		cmocka_unit_test(a_start_inside_the_input_is_kept),
		cmocka_unit_test(skipping_goes_far_and_within),
		cmocka_unit_test(
			skipping_to_the_end_works_and_past_it_is_incomplete),
		cmocka_unit_test(nothing_is_read_past_a_limit),
		cmocka_unit_test(all_that_is_consumed_is_copied),
		cmocka_unit_test(copying_does_not_go_past_the_end),
		cmocka_unit_test(a_copy_that_fails_ends_the_reading),
		cmocka_unit_test(integers_are_big_endian_and_consumed),
		cmocka_unit_test(an_integer_that_breaks_off_is_not_consumed),
		cmocka_unit_test(a_name_has_a_length_and_gets_a_nul),
		cmocka_unit_test(a_name_with_a_nul_is_corrupt),
		cmocka_unit_test(a_name_that_breaks_off_is_incomplete),
		cmocka_unit_test(memory_can_be_skipped_within_but_not_beyond),
		cmocka_unit_test(going_forwards_reads_what_is_between),
		cmocka_unit_test(bytes_are_copied_across_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
