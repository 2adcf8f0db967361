/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The call that converts: what it refuses, and which files remain. */
#include "config.h"

#include "savetool.h"

#include "unit/sample.h"
#include "unit/scratch.h"

static struct wire wire;

static const struct savetool_convert_options to_sparse = {
	.size = sizeof(to_sparse),
	.format = SAVETOOL_FORMAT_SPARSE,
};
static const struct savetool_convert_options to_raw = {
	.size = sizeof(to_raw),
	.format = SAVETOOL_FORMAT_RAW,
};

static void save_wire(const char *name)
{
	scratch_write(name, wire.bytes, wire.size);
	wire.size = 0;
}

static void save_sequential(const char *name)
{
	sample_sequential(&wire);
	save_wire(name);
}

static int convert(const char *source, const char *destination,
		   const struct savetool_convert_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_convert_result *result,
		   struct savetool_error *err)
{
	struct savetool_image *image;
	int failed;

	if (savetool_image_open(&image, source, NULL, monitor, err) < 0)
		return -1;
	failed = savetool_convert(image, destination, options, monitor, result,
				  err);
	savetool_image_close(image);
	return failed;
}

static void converts(const char *source, const char *destination,
		     const struct savetool_convert_options *options)
{
	struct savetool_error err;

	assert_ok(convert(source, destination, options, NULL, NULL, &err), err);
}

/* It fails, and no file is there but those that were. */
static void refuses(const char *source, const char *destination,
		    const struct savetool_convert_options *options,
		    enum savetool_code code, const char *text)
{
	struct savetool_convert_result result = { .logical = 77 };
	unsigned before = scratch_count(".", "");
	struct savetool_error err;

	assert_fails(convert(source, destination, options, NULL, &result, &err),
		     err, code, text);
	assert_int_equal(result.logical, 77);
	assert_int_equal(scratch_count(".", ""), before);
}

static struct savetool_digest digest_of(const char *path)
{
	struct savetool_digest digest;
	struct savetool_image *image;
	struct savetool_error err;

	assert_ok(savetool_image_open(&image, path, NULL, NULL, &err), err);
	assert_ok(savetool_image_digest(image, NULL, &digest, &err), err);
	savetool_image_close(image);
	return digest;
}

TEST(there_and_back_is_the_same_file)
{
	save_sequential("a");
	converts("a", "b", &to_sparse);
	converts("b", "c", &to_raw);
	sample_sequential(&wire);
	scratch_holds("c", wire.bytes, wire.size);
	wire.size = 0;
}

TEST(both_generations_have_one_digest)
{
	struct savetool_digest sequential, mapped;

	save_sequential("a");
	sample_mapped(&wire);
	save_wire("b");
	sequential = digest_of("a");
	mapped = digest_of("b");
	assert_memory_equal(&sequential, &mapped, sizeof(mapped));
}

TEST(the_result_shows_what_was_written)
{
	struct savetool_convert_options options = to_sparse;
	struct savetool_convert_result result;
	struct savetool_digest digest;
	struct savetool_error err;
	struct stat st;

	save_sequential("a");
	options.verify = true;
	assert_ok(convert("a", "b", &options, NULL, &result, &err), err);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(result.logical, st.st_size);
	assert_true(result.verified);
	digest = digest_of("a");
	assert_memory_equal(&result.digest, &digest, sizeof(digest));
	assert_ok(convert("a", "c", &to_sparse, NULL, &result, &err), err);
	assert_false(result.verified);
}

TEST(nothing_is_replaced_unless_forced)
{
	struct savetool_convert_options options = to_raw;

	save_sequential("a");
	scratch_write("b", "precious", 8);
	refuses("a", "b", &to_raw, SAVETOOL_REFUSED, "'b' exists");
	scratch_holds("b", "precious", 8);
	options.force = true;
	converts("a", "b", &options);
	sample_sequential(&wire);
	scratch_holds("b", wire.bytes, wire.size);
	wire.size = 0;
}

TEST(the_source_is_never_replaced)
{
	struct savetool_convert_options options = to_sparse;
	struct savetool_error err;

	save_sequential("a");
	assert_int_equal(link("a", "b"), 0);
	options.force = true;
	assert_int_equal(convert("a", "b", &options, NULL, NULL, &err), -1);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	sample_sequential(&wire);
	scratch_holds("a", wire.bytes, wire.size);
	wire.size = 0;
	assert_int_equal(scratch_count(".", ""), 2);
}

static int stop_at_once(void *data, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	++*(unsigned *)data;
	return 1;
}

TEST(a_stopped_conversion_leaves_no_file)
{
	unsigned calls = 0;
	const struct savetool_monitor monitor = { .progress = stop_at_once,
						  .data = &calls };
	struct savetool_error err;

	save_sequential("a");
	assert_fails(convert("a", "b", &to_sparse, &monitor, NULL, &err), err,
		     SAVETOOL_CANCELLED, "interrupted");
	assert_int_equal(calls, 1);
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(a_broken_source_leaves_no_destination)
{
	sample_sequential(&wire);
	wire.size = 3000;
	save_wire("a");
	refuses("a", "b", &to_sparse, SAVETOOL_INCOMPLETE,
		"image ends (block 'pc.ram', page 0, at byte 3000)");
}

TEST(an_unfinished_source_is_incomplete)
{
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	memcpy(wire.bytes, "LibvirtQemudPart", 16);
	sample_sequential(&wire);
	save_wire("a");
	refuses("a", "b", &to_sparse, SAVETOOL_INCOMPLETE,
		"libvirt never finished this image: its header says "
		"'LibvirtQemudPart'");
}

TEST(a_header_can_be_taken_off_and_put_on)
{
	struct savetool_convert_options options = to_raw;

	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	save_wire("a");
	options.container = SAVETOOL_CONTAINER_BARE;
	converts("a", "b", &options);
	sample_sequential(&wire);
	scratch_holds("b", wire.bytes, wire.size);
	wire.size = 0;
	options.container = SAVETOOL_CONTAINER_LIBVIRT;
	refuses("b", "c", &options, SAVETOOL_USAGE,
		"bare stream has no domain XML for a libvirt header");
	scratch_write("xml", SAMPLE_XML, strlen(SAMPLE_XML));
	options.xml = "xml";
	converts("b", "c", &options);
	digest_of("c");
	scratch_write("xml", "<network/>", 10);
	assert_int_equal(convert("b", "d", &options, NULL, NULL,
				 &(struct savetool_error){ 0 }),
			 -1);
	assert_int_equal(scratch_count(".", ""), 4);
}

TEST(header_version_3_is_for_sparse_only)
{
	struct savetool_convert_options options = to_raw;

	save_sequential("a");
	options.header_version = 2;
	refuses("a", "b", &options, SAVETOOL_USAGE,
		"a bare stream has no header, and so no header version");
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	sample_sequential(&wire);
	save_wire("a");
	options.header_version = 3;
	refuses("a", "b", &options, SAVETOOL_USAGE,
		"header version 3 is for format 'sparse' only");
	options.header_version = 4;
	refuses("a", "b", &options, SAVETOOL_USAGE,
		"header version 4 is neither 2 nor 3");
	options.header_version = 3;
	options.format = SAVETOOL_FORMAT_SPARSE;
	converts("a", "b", &options);
}

/* What version, format and features of a libvirt header say. */
static void header_says(const char *path, uint32_t version, uint32_t format,
			uint32_t features)
{
	uint8_t head[LIBVIRT_HEADER_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, head, sizeof(head)), sizeof(head));
	close(fd);
	assert_memory_equal(head, "LibvirtQemudSave", 16);
	assert_int_equal(get_le32(head + 16), version);
	assert_int_equal(get_le32(head + 28), format);
	assert_int_equal(get_le32(head + 36), features);
}

TEST(a_header_states_the_format_that_follows_it)
{
	struct savetool_convert_options options = to_sparse;

	sample_header(&wire, SAVETOOL_FORMAT_SPARSE); /* a lie */
	sample_sequential(&wire);
	save_wire("a");
	converts("a", "raw", &to_raw);
	header_says("raw", 2, 0, 0);
	converts("a", "sparse", &to_sparse);
	header_says("sparse", 2, 6, 0);
	options.header_version = 3;
	converts("a", "three", &options);
	header_says("three", 3, 6, 1);
	converts("three", "two", &to_sparse);
	header_says("two", 2, 6, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(there_and_back_is_the_same_file),
		scratch_test(both_generations_have_one_digest),
		scratch_test(the_result_shows_what_was_written),
		scratch_test(nothing_is_replaced_unless_forced),
		scratch_test(the_source_is_never_replaced),
		scratch_test(a_stopped_conversion_leaves_no_file),
		scratch_test(a_broken_source_leaves_no_destination),
		scratch_test(an_unfinished_source_is_incomplete),
		scratch_test(a_header_can_be_taken_off_and_put_on),
		scratch_test(header_version_3_is_for_sparse_only),
		scratch_test(a_header_states_the_format_that_follows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
