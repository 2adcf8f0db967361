/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members whose length is seen ahead: right, wrong, and damaged. */
#include "config.h"

#include "base/bytes.h"

#include "unit/packing.h"

#include <zlib.h>

/* Where the header of one of our gzip members has its length. */
#define LENGTH_AT 20
#define HEADER 24

static size_t length_of(const uint8_t *member)
{
	return get_le32(member + LENGTH_AT);
}

/*
 * One of our members, but of any size: the header of a real one, and what zlib
 * makes of the data.
 */
static size_t make_member(const uint8_t *real, const uint8_t *data, size_t size,
			  uint8_t **member)
{
	size_t space = compressBound(size) + HEADER + 8;
	z_stream zlib = { 0 };
	size_t body;

	*member = malloc(space);
	assert_non_null(*member);
	memcpy(*member, real, HEADER);
	assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, -MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	zlib.next_in = (Bytef *)data;
	zlib.avail_in = size;
	zlib.next_out = *member + HEADER;
	zlib.avail_out = space - HEADER;
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	body = zlib.total_out;
	deflateEnd(&zlib);
	put_le32(*member + HEADER + body, crc32(0, data, size));
	put_le32(*member + HEADER + body + 4, size);
	put_le32(*member + LENGTH_AT, HEADER + body + 8);
	return HEADER + body + 8;
}

TEST(gzip_members_say_their_length)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	size_t size, at = 0, members = 0;

	pack("gzip", plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	while (at < size) {
		assert_memory_equal(packed + at, "\x1f\x8b\x08\x04", 4);
		at += length_of(packed + at);
		members++;
	}
	assert_int_equal(at, size);
	assert_int_equal(members, 5);
	run("gzip -t < packed && gzip -l < packed > list");
	free(packed);
	free(plain);
}

/* What older versions wrote, and other programs write, does not say it. */
TEST(members_with_and_without_a_length_mix)
{
	uint8_t *plain = make_plain(3 * PLAIN_SIZE);

	pack("gzip", plain, PLAIN_SIZE, "ours");
	scratch_write("one", plain + PLAIN_SIZE, PLAIN_SIZE);
	pack("gzip", plain + 2 * PLAIN_SIZE, PLAIN_SIZE, "last");
	run("{ cat ours; head -c 1000000 one | gzip; tail -c +1000001 one | "
	    "gzip -1; cat last; } > packed");
	assert_unpacks("gzip", "packed", plain, 3 * PLAIN_SIZE);
	free(plain);
}

TEST(a_wrong_length_changes_nothing)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	size_t size, second, third, right;

	pack("gzip", plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	second = length_of(packed);
	right = length_of(packed + second);
	third = length_of(packed + second + right);
	const size_t wrong[] = {
		0,
		1,
		HEADER,
		right - 1,
		right + 1,
		right / 2,
		right - 8,
		right + HEADER,
		right + third,
		right + 700,
		UINT32_MAX,
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		put_le32(packed + second + LENGTH_AT, wrong[i]);
		scratch_write("wrong", packed, size);
		run("gzip -t < wrong");
		assert_unpacks("gzip", "wrong", plain, PLAIN_SIZE);
	}
	free(packed);
	free(plain);
}

/* The last length says that other bytes belong to the member. */
TEST(a_wrong_length_does_not_hide_what_follows)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;
	size_t size, last = 0;
	struct input *in, *memory;
	struct savetool_error err;
	size_t got;

	pack("gzip", plain, PLAIN_SIZE, "packed");
	size = load("packed", &packed);
	while (last + length_of(packed + last) < size)
		last += length_of(packed + last);
	packed = realloc(packed, size + 10);
	assert_non_null(packed);
	memcpy(packed + size, "\0\0\0\0and more", 10);
	put_le32(packed + last + LENGTH_AT, size - last + 10);
	assert_ok(input_open_memory(&memory, packed, size + 10, &err), err);
	assert_ok(codec_unpack(codec_named("gzip"), &in, memory, 0, &err), err);
	uint8_t *found = malloc(PLAIN_SIZE + 1);
	assert_non_null(found);
	assert_ok(input_read_all(in, found, PLAIN_SIZE + 1, 0, &got, &err),
		  err);
	assert_int_equal(got, PLAIN_SIZE);
	assert_memory_equal(found, plain, PLAIN_SIZE);
	assert_int_equal(memory->rest.offset, size);
	assert_int_equal(memory->rest.zeros, 4);
	assert_true(memory->rest.other);
	input_close(in);
	input_close(memory);
	free(found);
	free(packed);
	free(plain);
}

TEST(a_member_may_hold_more_than_ours_do)
{
	const size_t large = 7 * 1000 * 1000;
	uint8_t *plain = calloc(1, large + 2 * SMALL_SIZE), *small, *packed;
	uint8_t *members;
	size_t size, all;

	assert_non_null(plain);
	small = make_plain(SMALL_SIZE);
	memcpy(plain, small, SMALL_SIZE);
	memcpy(plain + SMALL_SIZE + large, small, SMALL_SIZE);
	pack("gzip", small, SMALL_SIZE, "small");
	all = load("small", &members);
	size = make_member(members, plain + SMALL_SIZE, large, &packed);
	scratch_write("large", packed, size);
	run("cat small large small > packed");
	assert_unpacks("gzip", "packed", plain, large + 2 * SMALL_SIZE);

	/* And then its length is wrong, too. */
	put_le32(packed + LENGTH_AT, size + all / 2);
	scratch_write("large", packed, size);
	run("cat small large small > packed");
	assert_unpacks("gzip", "packed", plain, large + 2 * SMALL_SIZE);
	free(members);
	free(packed);
	free(small);
	free(plain);
}

/* Reads until it fails; what came before the failed member is right. */
static size_t read_to_failure(const char *name, const uint8_t *packed,
			      size_t size, const uint8_t *plain,
			      struct packed_rest *rest, uint64_t *member,
			      struct savetool_error *err)
{
	uint8_t *found = malloc(PLAIN_SIZE);
	struct input *in, *memory;
	size_t done = 0, got;

	assert_non_null(found);
	assert_ok(input_open_memory(&memory, packed, size, err), *err);
	assert_ok(codec_unpack(codec_named(name), &in, memory, 0, err), *err);
	while (input_read_at(in, found + done, PLAIN_SIZE - done, done, &got,
			     err) == 0) {
		assert_int_not_equal(got, 0);
		done += got;
	}
	assert_memory_equal(found, plain,
			    done < in->failed_member ? done :
						       in->failed_member);
	*rest = in->failed_rest;
	*member = in->failed_member;
	input_close(in);
	input_close(memory);
	free(found);
	return done;
}

TEST(a_damaged_piece_fails_as_any_member_does)
{
	static const char *const names[] = { "gzip", "bzip2", "xz", "zstd" };
	static const size_t members[] = { 1 << 20, 1799658, 3 << 19, 2 << 20 };
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct packed_rest rest;
		struct savetool_error err;
		uint64_t member;
		size_t size, first, got;

		pack(names[i], plain, members[i], "first");
		first = load("first", &packed);
		free(packed);
		pack(names[i], plain, PLAIN_SIZE, "packed");
		size = load("packed", &packed);
		if (strcmp(names[i], "zstd") == 0) /* the seek table */
			first -= 8 + 8 + 9;
		packed[first + 70000] ^= 0x10; /* in the second member */
		got = read_to_failure(names[i], packed, size, plain, &rest,
				      &member, &err);
		assert_int_equal(err.code, SAVETOOL_CORRUPT);
		assert_int_equal(err.offset, first);
		assert_int_equal(member, members[i]);
		assert_int_equal(rest.offset, first);
		assert_true(rest.member);
		assert_true(got >= members[i] && got <= 2 * members[i]);
		free(packed);
	}
	free(plain);
}

TEST(a_stream_that_breaks_off_in_a_piece_is_incomplete)
{
	static const char *const names[] = { "gzip", "bzip2", "xz", "zstd" };
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct packed_rest rest;
		struct savetool_error err;
		uint64_t member;
		size_t size;

		pack(names[i], plain, PLAIN_SIZE, "packed");
		size = load("packed", &packed) * 2 / 3;
		assert_true(read_to_failure(names[i], packed, size, plain,
					    &rest, &member, &err) >= member);
		assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
		assert_int_equal(err.offset, size);
		assert_true(member > 0);
		free(packed);
	}
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(gzip_members_say_their_length),
		scratch_test(members_with_and_without_a_length_mix),
		scratch_test(a_wrong_length_changes_nothing),
		scratch_test(a_wrong_length_does_not_hide_what_follows),
		scratch_test(a_member_may_hold_more_than_ours_do),
		scratch_test(a_damaged_piece_fails_as_any_member_does),
		scratch_test(a_stream_that_breaks_off_in_a_piece_is_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
