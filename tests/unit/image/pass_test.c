/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes over one image, alone and two at a time. */
#include "config.h"

#include "image/pass.h"

#include "unit/sample.h"
#include "unit/scratch.h"
#include "walk/digest.h"

#include <zlib.h>

static struct wire wire;

/* Of the bytes that were made, compressed or not. */
static struct savetool_image *opens(bool packed)
{
	struct savetool_image *image;
	struct savetool_error err;
	gzFile file = gzopen("a", packed ? "wb" : "wbT");

	assert_non_null(file);
	assert_int_equal(gzwrite(file, wire.bytes, wire.size), wire.size);
	assert_int_equal(gzclose(file), Z_OK);
	wire.size = 0;
	assert_ok(savetool_image_open(&image, "a", NULL, NULL, &err), err);
	return image;
}

static void walks(struct pass *pass, struct digest_visitor *digest,
		  struct savetool_digest *result)
{
	struct savetool_error err;

	assert_ok(walk(pass, digest_visitor(digest), NULL, &err), err);
	digest_visitor_result(digest, result);
	digest_visitor_free(digest);
}

/* The second begins before the first one has read anything, and ends first. */
static void two_at_a_time(bool packed)
{
	struct savetool_image *image = opens(packed);
	struct digest_visitor *digests[2];
	struct savetool_digest results[2];
	struct pass passes[2] = { PASS_INIT, PASS_INIT };
	struct savetool_error err;

	for (unsigned i = 0; i < 2; i++) {
		assert_ok(pass_begin(&passes[i], image, &err), err);
		assert_ok(digest_visitor_new(&digests[i], &err), err);
	}
	walks(&passes[1], digests[1], &results[1]);
	pass_end(&passes[1]);
	walks(&passes[0], digests[0], &results[0]);
	pass_end(&passes[0]);
	assert_memory_equal(&results[0], &results[1], sizeof(results[0]));
	savetool_image_close(image);
}

TEST(two_passes_over_a_sequential_image)
{
	sample_sequential(&wire);
	two_at_a_time(false);
}

TEST(two_passes_over_a_mapped_image)
{
	sample_mapped(&wire);
	two_at_a_time(false);
}

TEST(two_passes_over_a_compressed_image)
{
	sample_sequential(&wire);
	two_at_a_time(true);
	sample_mapped(&wire);
	two_at_a_time(true);
}

TEST(a_pass_that_has_not_begun_can_be_ended)
{
	struct pass pass = PASS_INIT;

	pass_end(&pass);
	pass_end(&pass);
}

TEST(a_failed_pass_can_be_ended_and_the_next_one_fails)
{
	struct savetool_image *image;
	struct savetool_error err;
	struct pass pass;

	sample_sequential(&wire);
	wire.bytes[7] = 9;
	image = opens(false);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pass_begin(&pass, image, &err), -1);
		pass_end(&pass);
	}
	savetool_image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(two_passes_over_a_sequential_image),
		scratch_test(two_passes_over_a_mapped_image),
		scratch_test(two_passes_over_a_compressed_image),
		scratch_test(a_pass_that_has_not_begun_can_be_ended),
		scratch_test(a_failed_pass_can_be_ended_and_the_next_one_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
