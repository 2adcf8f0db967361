/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of bzip2 that have many blocks. */
#include "config.h"

#include "codec/bzip2_blocks.h"
#include "codec/codecs.h"
#include "codec/piece.h"
#include "codec/window.h"

#include "unit/packing.h"

TEST(blocks_of_every_size_are_read)
{
	uint8_t *plain = make_plain(PLAIN_SIZE);

	scratch_write("plain", plain, PLAIN_SIZE);
	for (unsigned level = 1; level <= 9; level += 4) {
		run("bzip2 -%u -c < plain > packed", level);
		assert_unpacks("bzip2", "packed", plain, PLAIN_SIZE);
	}
	free(plain);
}

/* A block of them is 46 MB. */
TEST(a_block_may_hold_many_zeros)
{
	const size_t size = 60 * 1000 * 1000;
	uint8_t *plain = calloc(1, size);

	assert_non_null(plain);
	memset(plain + size - SMALL_SIZE, 'x', SMALL_SIZE);
	scratch_write("plain", plain, size);
	run("bzip2 -c < plain > packed");
	assert_unpacks("bzip2", "packed", plain, size);
	free(plain);
}

/* As if a magic in the middle had been taken for the end. */
TEST(the_end_of_a_block_is_found_by_decoding_it)
{
	uint8_t *plain = make_plain(1000 * 1000), *packed;
	struct blocks blocks;
	struct window window;
	struct piece piece = { .kind = PIECE_BLOCK };
	struct input *memory;
	struct savetool_error err;
	enum block found;
	bool recovered;
	unsigned count = 0;
	size_t size;

	scratch_write("plain", plain, 1000 * 1000);
	run("bzip2 -1 -c < plain > packed");
	size = load("packed", &packed);
	assert_ok(input_open_memory(&memory, packed, size, &err), err);
	assert_ok(window_init(&window, memory, 0, 4 << 20, &err), err);
	assert_ok(piece_allocate(&piece, codec_bzip2.decoder, &err), err);
	assert_true(bzip2_blocks.enter(&blocks, &window, &err));
	for (;;) {
		uint64_t offset = window.offset;
		unsigned bit = blocks.bit;

		assert_ok(bzip2_blocks.next(&blocks, &window, &piece, &found,
					    &err),
			  err);
		if (found != BLOCK_FOUND)
			break;
		uint64_t bits = piece.bits;
		assert_ok(window_put_back(&window, piece.packed,
					  window.offset - offset, &err),
			  err);
		bzip2_blocks.put_back(&blocks, &piece);
		assert_ok(bzip2_blocks.recover(&blocks, &window, &piece,
					       codec_bzip2.decoder, &recovered,
					       &err),
			  err);
		assert_true(recovered);
		assert_int_equal(blocks.known, bits);
		assert_int_equal(blocks.bit, bit);
		assert_int_equal(window.offset, offset);
		assert_ok(bzip2_blocks.next(&blocks, &window, &piece, &found,
					    &err),
			  err);
		assert_int_equal(found, BLOCK_FOUND);
		piece.limit = codec_bzip2.decoder->space;
		bzip2_blocks.unpack(&piece, codec_bzip2.decoder);
		assert_int_equal(piece.verdict, STEP_END);
		bzip2_blocks.collected(&blocks, &piece);
		count++;
	}
	assert_int_equal(found, BLOCK_NONE);
	assert_true(count > 5);
	assert_int_equal(bzip2_blocks.end(&blocks, &window), STEP_END);
	assert_int_equal(window.offset, size);
	piece_release(&piece, codec_bzip2.decoder);
	window_release(&window);
	input_close(memory);
	free(packed);
	free(plain);
}

/*
 * A block is decoded before its checksum shows that it is damaged.  bzip2
 * writes 5000 bytes at a time, and drops the last ones.
 */
TEST(as_much_comes_of_a_damaged_block_as_from_the_program)
{
	uint8_t *plain = make_plain(PLAIN_SIZE), *packed, *found, *expected;
	size_t size, done = 0, got;
	struct input *in, *memory;
	struct savetool_error err;

	found = malloc(PLAIN_SIZE);
	assert_non_null(found);
	scratch_write("plain", plain, PLAIN_SIZE);
	run("bzip2 -1 -c < plain > packed");
	size = load("packed", &packed);
	packed[size / 2] ^= 4;
	scratch_write("packed", packed, size);
	run("! bzip2 -dc < packed > expected 2> errors");
	assert_ok(input_open_memory(&memory, packed, size, &err), err);
	assert_ok(codec_unpack(codec_named("bzip2"), &in, memory, 0, &err),
		  err);
	while (input_read_at(in, found + done, PLAIN_SIZE - done, done, &got,
			     &err) == 0) {
		assert_int_not_equal(got, 0);
		done += got;
	}
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	assert_int_equal(err.offset, 0);
	got = load("expected", &expected);
	assert_true(got > PLAIN_SIZE / 4 && got <= done && done < got + 5000);
	assert_memory_equal(found, expected, got);
	free(expected);
	input_close(in);
	input_close(memory);
	free(found);
	free(packed);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(blocks_of_every_size_are_read),
		scratch_test(a_block_may_hold_many_zeros),
		scratch_test(the_end_of_a_block_is_found_by_decoding_it),
		scratch_test(
			as_much_comes_of_a_damaged_block_as_from_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
