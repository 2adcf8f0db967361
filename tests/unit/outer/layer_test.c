/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks of layers, and readers of them. */
#include "config.h"

#include "outer/layer.h"

#include "unit/gzip.h"
#include "unit/scratch.h"

#define LEADING 7
#define LENGTH 60000

static struct wire wire;

/* Bytes of which no two that are near are the same. */
static void fill_plain(void)
{
	wire.size = 0;
	for (unsigned i = 0; i < LENGTH; i++)
		wire_u8(&wire, i / 251 + i);
}

/* The file, of the bytes that were made. */
static struct layer *file_of_wire(void)
{
	struct layer *layer;
	struct input *in;
	struct savetool_error err;

	scratch_write("a", wire.bytes, wire.size);
	assert_ok(input_open_file(&in, "a", &err), err);
	assert_ok(layer_file_new(&layer, in, &err), err);
	return layer;
}

static struct layer *decompressed(struct layer *below, uint64_t start)
{
	const struct codec *gzip = codec_for_format(SAVETOOL_FORMAT_GZIP);
	struct layer *layer;
	struct savetool_error err;

	assert_ok(layer_codec_new(&layer, below, gzip, start, &err), err);
	return layer;
}

static struct input *opens(struct layer_inputs *inputs, struct layer *layer)
{
	struct savetool_error err;

	assert_ok(layer_open(inputs, layer, &err), err);
	return layer_input(inputs, layer);
}

/* A part of what fill_plain() made is there. */
static void holds(struct input *in, uint64_t offset, size_t size)
{
	struct savetool_error err;
	uint8_t found[LENGTH];

	assert_ok(input_read_exactly(in, found, size, offset, &err), err);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(found[i],
				 (uint8_t)((offset + i) / 251 + offset + i));
}

TEST(a_file_is_a_stack)
{
	struct layer_inputs inputs = { 0 };
	struct layer *file;
	struct input *in;

	fill_plain();
	file = file_of_wire();
	in = opens(&inputs, file);
	assert_ptr_equal(layer_bottom(file), file);
	assert_int_equal(in->size, LENGTH);
	assert_true(in->seekable);
	holds(in, 500, 100);
	holds(in, 0, LENGTH);
	layer_close(&inputs);
	layer_free(file);
}

TEST(a_codec_starts_within_the_layer_below)
{
	struct layer_inputs inputs = { 0 };
	struct layer *file, *top;

	fill_plain();
	memmove(wire.bytes + LEADING, wire.bytes, LENGTH);
	wire.size += LEADING;
	wire_gzip(&wire, LEADING);
	file = file_of_wire();
	top = decompressed(file, LEADING);
	assert_ptr_equal(layer_bottom(top), file);
	assert_int_equal(top->start, LEADING);
	holds(opens(&inputs, top), 0, LENGTH);
	assert_false(layer_input(&inputs, top)->seekable);
	layer_close(&inputs);
	layer_free(top);
}

TEST(what_was_opened_stays_open_when_a_layer_is_added)
{
	struct layer_inputs inputs = { 0 };
	struct layer *top;
	struct input *in;

	fill_plain();
	wire_gzip(&wire, 0);
	wire_gzip(&wire, 0);
	top = decompressed(file_of_wire(), 0);
	in = opens(&inputs, top);
	assert_int_equal(inputs.count, 2);
	top = decompressed(top, 0);
	holds(opens(&inputs, top), 0, LENGTH);
	assert_int_equal(inputs.count, 3);
	assert_ptr_equal(layer_input(&inputs, top->below), in);
	layer_close(&inputs);
	layer_free(top);
}

/* They share the file, and nothing that can be read only forwards. */
TEST(two_readers_take_turns)
{
	struct layer_inputs inputs[2] = { { 0 }, { 0 } };
	struct layer *top;

	fill_plain();
	wire_gzip(&wire, 0);
	wire_gzip(&wire, 0);
	top = decompressed(decompressed(file_of_wire(), 0), 0);
	for (unsigned i = 0; i < 2; i++)
		opens(&inputs[i], top);
	assert_ptr_equal(inputs[0].in[0], inputs[1].in[0]);
	for (unsigned offset = 0; offset < LENGTH; offset += 1000)
		for (unsigned i = 0; i < 2; i++)
			holds(layer_input(&inputs[i], top), offset, 1000);
	layer_close(&inputs[0]);
	layer_close(&inputs[1]);
	layer_free(top);
}

TEST(a_pipe_is_shared_and_read_once)
{
	struct layer_inputs inputs[2] = { { 0 }, { 0 } };
	struct layer *file;
	struct savetool_error err;
	struct input *in;
	uint8_t byte;
	size_t got;
	int ends[2];

	fill_plain();
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], wire.bytes, 4000), 4000);
	close(ends[1]);
	assert_ok(input_open_fd(&in, ends[0], &err), err);
	assert_ok(layer_file_new(&file, in, &err), err);
	holds(opens(&inputs[0], file), 0, 4000);
	layer_close(&inputs[0]);
	in = opens(&inputs[1], file);
	assert_int_equal(input_read_at(in, &byte, 1, 0, &got, &err), -1);
	assert_int_equal(err.code, SAVETOOL_UNSUPPORTED);
	layer_close(&inputs[1]);
	layer_free(file);
}

TEST(a_stack_has_a_limit)
{
	const struct codec *gzip = codec_for_format(SAVETOOL_FORMAT_GZIP);
	struct layer_inputs inputs = { 0 };
	struct layer *top, *higher = NULL;
	struct savetool_error err;

	fill_plain();
	for (unsigned i = 1; i < LAYER_DEPTH; i++)
		wire_gzip(&wire, 0);
	top = file_of_wire();
	for (unsigned i = 1; i < LAYER_DEPTH; i++)
		top = decompressed(top, 0);
	assert_fails(layer_codec_new(&higher, top, gzip, 0, &err), err,
		     SAVETOOL_UNSUPPORTED,
		     "nested too deeply: more than 8 layers");
	assert_null(higher);
	/* What was there is left as it was. */
	holds(opens(&inputs, top), 0, LENGTH);
	layer_close(&inputs);
	layer_free(top);
}

/* Kinds of layers that the library does not have. */

static int cannot_open(struct input **in, const struct layer *layer,
		       struct input *below, struct savetool_error *err)
{
	(void)in;
	(void)layer;
	assert_non_null(below);
	err->code = SAVETOOL_CORRUPT;
	return -1;
}

static void forget(struct layer *layer)
{
	input_close(layer->shared);
}

static const struct layer_ops strange_ops = {
	.open = cannot_open,
	.release = forget,
};

/* What is below the one that fails is open, and can be closed. */
TEST(a_layer_that_cannot_be_opened)
{
	struct layer_inputs inputs = { 0 };
	struct layer broken = { 0 };
	struct savetool_error err;
	struct layer *top;

	fill_plain();
	wire_gzip(&wire, 0);
	top = decompressed(file_of_wire(), 0);
	assert_ok(layer_put(&broken, &strange_ops, top, &err), err);
	assert_int_equal(layer_open(&inputs, &broken, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	assert_int_equal(inputs.count, 2);
	holds(layer_input(&inputs, top), 0, LENGTH);
	layer_close(&inputs);
	layer_free(&broken);
}

/* As the content of a disk image would be: any reader can go back in it. */
TEST(a_layer_above_a_file_can_be_shared)
{
	struct layer_inputs inputs[2] = { { 0 }, { 0 } };
	struct layer seekable = { 0 };
	struct savetool_error err;
	struct layer *top;

	fill_plain();
	assert_ok(layer_put(&seekable, &strange_ops, file_of_wire(), &err),
		  err);
	wire_gzip(&wire, 0);
	assert_ok(input_open_memory(&seekable.shared, wire.bytes, wire.size,
				    &err),
		  err);
	top = decompressed(&seekable, 0);
	for (unsigned i = 0; i < 2; i++)
		holds(opens(&inputs[i], top), 0, LENGTH);
	assert_ptr_equal(inputs[0].in[1], inputs[1].in[1]);
	assert_ptr_not_equal(inputs[0].in[2], inputs[1].in[2]);
	for (unsigned i = 0; i < 2; i++)
		layer_close(&inputs[i]);
	layer_free(top);
}

TEST(nothing_can_be_closed_and_freed)
{
	struct layer_inputs inputs = { 0 };

	layer_close(&inputs);
	layer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_file_is_a_stack),
		scratch_test(a_codec_starts_within_the_layer_below),
		scratch_test(what_was_opened_stays_open_when_a_layer_is_added),
		scratch_test(two_readers_take_turns),
		scratch_test(a_pipe_is_shared_and_read_once),
		scratch_test(a_stack_has_a_limit),
		scratch_test(a_layer_that_cannot_be_opened),
		scratch_test(a_layer_above_a_file_can_be_shared),
		cmocka_unit_test(nothing_can_be_closed_and_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
