/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stack of layers that an image is recognised as, and passes over it. */
#include "config.h"

#include "image/image.h"
#include "image/pass.h"

#include "unit/gzip.h"
#include "unit/sample.h"
#include "unit/scratch.h"
#include "walk/digest.h"

#define PAYLOAD (LIBVIRT_HEADER_SIZE + SAMPLE_DATA)
#define LEADING 300

static struct wire wire;

static const struct savetool_open_options plainly = {
	.size = sizeof(plainly),
};

/* An image of the bytes that were made, which a file has. */
static int try_open(struct savetool_image **image, uint64_t offset,
		    struct savetool_error *err)
{
	struct savetool_open_options options = plainly;

	options.offset = offset;
	scratch_write("a", wire.bytes, wire.size);
	wire.size = 0;
	return savetool_image_open(image, "a", &options, NULL, err);
}

static struct savetool_image *opens(uint64_t offset)
{
	struct savetool_image *image;
	struct savetool_error err;

	assert_ok(try_open(&image, offset, &err), err);
	return image;
}

static void digests(struct savetool_digest *result, struct pass *pass)
{
	struct digest_visitor *digest;
	struct savetool_error err;

	assert_ok(digest_visitor_new(&digest, &err), err);
	assert_ok(walk(pass, digest_visitor(digest), NULL, &err), err);
	digest_visitor_result(digest, result);
	digest_visitor_free(digest);
}

/* Two passes at once come to the same result; the later one ends first. */
static void can_be_read_twice(struct savetool_image *image)
{
	struct pass passes[2] = { PASS_INIT, PASS_INIT };
	struct savetool_digest results[2];
	struct savetool_error err;

	for (unsigned i = 0; i < 2; i++)
		assert_ok(pass_begin(&passes[i], image, &err), err);
	for (unsigned i = 2; i-- > 0;) {
		digests(&results[i], &passes[i]);
		pass_end(&passes[i]);
	}
	assert_memory_equal(&results[0], &results[1], sizeof(results[0]));
}

/* So many codecs, each of them gzip. */
static void is_compressed_by(const struct savetool_image *image, unsigned count)
{
	const struct codec *gzip = codec_for_format(SAVETOOL_FORMAT_GZIP);
	const struct codec *codec = NULL;
	const struct input *packed = NULL, *last = NULL;

	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(image_compression(&codec, &packed, image, i),
				 1);
		assert_ptr_equal(codec, gzip);
		if (i == 0)
			assert_ptr_equal(packed, image_file_input(image));
		assert_ptr_not_equal(packed, last);
		last = packed;
	}
	assert_int_equal(image_compression(&codec, &packed, image, count), 0);
	assert_ptr_equal(image_codec(image), count > 0 ? gzip : NULL);
}

TEST(a_bare_stream_is_its_file)
{
	struct savetool_image *image;

	wire_fill(&wire, 0x99, LEADING);
	sample_sequential(&wire);
	image = opens(LEADING);
	is_compressed_by(image, 0);
	assert_false(image_is_wrapped(image));
	assert_ptr_equal(image_container_input(image), image_file_input(image));
	assert_int_equal(image_payload_offset(image), LEADING);
	assert_int_equal(image_stream_offset(image), LEADING);
	can_be_read_twice(image);
	savetool_image_close(image);
}

TEST(a_compressed_stream_in_a_file)
{
	struct savetool_image *image;

	wire_fill(&wire, 0x99, LEADING);
	sample_sequential(&wire);
	wire_gzip(&wire, LEADING);
	image = opens(LEADING);
	is_compressed_by(image, 1);
	assert_false(image_is_wrapped(image));
	assert_non_null(image_stream_codec(image));
	assert_int_equal(image_payload_offset(image), LEADING);
	assert_int_equal(image_stream_offset(image), 0);
	can_be_read_twice(image);
	savetool_image_close(image);
}

TEST(a_compressed_stream_after_a_header)
{
	struct savetool_image *image;

	sample_header(&wire, SAVETOOL_FORMAT_GZIP);
	sample_sequential(&wire);
	wire_gzip(&wire, PAYLOAD);
	image = opens(0);
	assert_non_null(image->libvirt);
	is_compressed_by(image, 1);
	assert_false(image_is_wrapped(image));
	assert_non_null(image_stream_codec(image));
	assert_int_equal(image_payload_offset(image), PAYLOAD);
	assert_int_equal(image_stream_offset(image), 0);
	can_be_read_twice(image);
	savetool_image_close(image);
}

TEST(a_libvirt_image_in_a_compressed_file)
{
	struct savetool_image *image;

	wire_fill(&wire, 0x99, LEADING);
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	wire_gzip(&wire, LEADING);
	image = opens(LEADING);
	assert_string_equal(image->libvirt->xml, SAMPLE_XML);
	is_compressed_by(image, 1);
	assert_true(image_is_wrapped(image));
	assert_null(image_stream_codec(image));
	assert_int_equal(image_container_offset(image), LEADING);
	assert_int_equal(image_payload_offset(image), PAYLOAD);
	assert_int_equal(image_stream_offset(image), PAYLOAD);
	can_be_read_twice(image);
	savetool_image_close(image);
}

TEST(a_compressed_image_in_a_compressed_file)
{
	static struct wire stream;

	for (int mapped = 0; mapped < 2; mapped++) {
		struct savetool_image *image;

		/* Its offsets count from the start of the stream. */
		stream.size = 0;
		if (mapped)
			sample_mapped(&stream);
		else
			sample_sequential(&stream);
		sample_header(&wire, SAVETOOL_FORMAT_GZIP);
		wire_bytes(&wire, stream.bytes, stream.size);
		wire_gzip(&wire, PAYLOAD);
		wire_gzip(&wire, 0);
		image = opens(0);
		is_compressed_by(image, 2);
		assert_true(image_is_wrapped(image));
		assert_non_null(image_stream_codec(image));
		assert_int_equal(image_payload_offset(image), PAYLOAD);
		assert_int_equal(image_stream_offset(image), 0);
		can_be_read_twice(image);
		savetool_image_close(image);
	}
}

/* Nothing writes these, so they are something else. */
TEST(what_is_stacked_otherwise_is_not_an_image)
{
	struct savetool_image *image = NULL;
	struct savetool_error err;

	sample_sequential(&wire);
	wire_gzip(&wire, 0);
	wire_gzip(&wire, 0);
	assert_fails(try_open(&image, 0, &err), err, SAVETOOL_NOT_IMAGE,
		     "not a save image, but a gzip-compressed gzip file; "
		     "decompress it once more");
	wire_fill(&wire, 0x99, LEADING);
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	assert_fails(try_open(&image, LEADING, &err), err, SAVETOOL_NOT_IMAGE,
		     "not a save image");
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	assert_ok(try_open(&image, 0, &err), err);
	assert_int_equal(image->broken.code, SAVETOOL_CORRUPT);
	savetool_image_close(image);
}

TEST(nothing_that_was_compressed_is_not_an_image)
{
	struct savetool_image *image = NULL;
	struct savetool_error err;

	wire_gzip(&wire, 0);
	assert_fails(try_open(&image, 0, &err), err, SAVETOOL_NOT_IMAGE,
		     "not a save image, but gzip-compressed data of another "
		     "kind");
	assert_null(image);
}

/*
 * An image of the bytes that were made, which come by a pipe, and after them
 * more than a pipe can go back.
 */
static struct savetool_image *opens_pipe(void)
{
	struct savetool_image *image;
	struct savetool_error err;
	struct input *in;
	int ends[2];

	wire_fill(&wire, 0, INPUT_BACKLOG);
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, wire.size) >= (int)wire.size);
	assert_int_equal(write(ends[1], wire.bytes, wire.size), wire.size);
	close(ends[1]);
	wire.size = 0;
	assert_ok(input_open_fd(&in, ends[0], &err), err);
	assert_ok(image_open_input(&image, in, "-", NULL, &plainly, &err), err);
	return image;
}

static void can_be_read_once(struct savetool_image *image)
{
	struct savetool_digest result;
	struct savetool_error err;
	struct pass pass;

	assert_false(image_is_repeatable(image));
	assert_ok(pass_begin(&pass, image, &err), err);
	digests(&result, &pass);
	pass_end(&pass);
	assert_int_equal(pass_begin(&pass, image, &err), -1);
	pass_end(&pass);
	savetool_image_close(image);
}

TEST(a_pipe_can_be_read_once)
{
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	can_be_read_once(opens_pipe());
	sample_sequential(&wire);
	wire_gzip(&wire, 0);
	can_be_read_once(opens_pipe());
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	wire_gzip(&wire, 0);
	can_be_read_once(opens_pipe());
}

/* A mapped-ram stream is kept, so it can be read as often as one likes. */
TEST(what_is_kept_of_a_pipe_can_be_read_again)
{
	struct savetool_image *image;

	sample_header(&wire, SAVETOOL_FORMAT_SPARSE);
	sample_mapped(&wire);
	wire_gzip(&wire, 0);
	image = opens_pipe();
	assert_false(image_is_repeatable(image));
	can_be_read_twice(image);
	assert_true(image_is_repeatable(image));
	assert_false(image_has_own_holes(image));
	can_be_read_twice(image);
	savetool_image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_bare_stream_is_its_file),
		scratch_test(a_compressed_stream_in_a_file),
		scratch_test(a_compressed_stream_after_a_header),
		scratch_test(a_libvirt_image_in_a_compressed_file),
		scratch_test(a_compressed_image_in_a_compressed_file),
		scratch_test(what_is_stacked_otherwise_is_not_an_image),
		scratch_test(nothing_that_was_compressed_is_not_an_image),
		scratch_test(a_pipe_can_be_read_once),
		scratch_test(what_is_kept_of_a_pipe_can_be_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
