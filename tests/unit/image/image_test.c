/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is recognised as, by its first bytes only. */
#include "config.h"

#include "format/page_size.h"
#include "image/pass.h"

#include "unit/sample.h"
#include "unit/scratch.h"

#include <errno.h>
#include <zlib.h>

static struct wire wire;

static void save_wire(const char *name)
{
	scratch_write(name, wire.bytes, wire.size);
	wire.size = 0;
}

static void save_packed(const char *name)
{
	gzFile file = gzopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(gzwrite(file, wire.bytes, wire.size), wire.size);
	assert_int_equal(gzclose(file), Z_OK);
	wire.size = 0;
}

static struct savetool_image *opens(const char *path, uint64_t offset)
{
	const struct savetool_open_options options = {
		.size = sizeof(options),
		.offset = offset,
	};
	struct savetool_image *image;
	struct savetool_error err;

	assert_ok(savetool_image_open(&image, path, &options, NULL, &err), err);
	return image;
}

static void refuses(const char *path, uint64_t offset, enum savetool_code code,
		    const char *text)
{
	const struct savetool_open_options options = {
		.size = sizeof(options),
		.offset = offset,
	};
	struct savetool_image *image = NULL;
	struct savetool_error err;

	assert_fails(savetool_image_open(&image, path, &options, NULL, &err),
		     err, code, text);
	assert_null(image);
}

/* A file of these bytes is refused. */
static void refuses_bytes(const void *bytes, size_t size,
			  enum savetool_code code, const char *text)
{
	scratch_write("a", bytes, size);
	refuses("a", 0, code, text);
}

/* It can be started, and its tail says that all is there. */
static void is_this_guest(struct savetool_image *image, bool mapped)
{
	const struct savetool_info *info;
	struct savetool_error err;

	assert_ok(savetool_image_describe(image, false, NULL, &info, &err),
		  err);
	assert_int_equal(info->layout, mapped ? SAVETOOL_LAYOUT_MAPPED_RAM :
						SAVETOOL_LAYOUT_SEQUENTIAL);
	assert_string_equal(info->machine, "pc");
	assert_int_equal(info->block_count, 1);
	assert_int_equal(info->blocks[0].length, 16 * SAMPLE_PAGE);
	assert_int_equal(info->device_count, 1);
	assert_string_equal(info->devices[0].name, "timer");
	assert_true(info->complete);
}

TEST(bare_streams)
{
	for (int mapped = 0; mapped < 2; mapped++) {
		struct savetool_image *image;

		if (mapped)
			sample_mapped(&wire);
		else
			sample_sequential(&wire);
		save_wire("a");
		image = opens("a", 0);
		assert_null(image->libvirt);
		assert_null(image_codec(image));
		is_this_guest(image, mapped);
		savetool_image_close(image);
	}
}

TEST(a_bare_stream_can_start_within_a_file)
{
	struct savetool_image *image;

	wire_fill(&wire, 0x99, 300);
	sample_sequential(&wire);
	save_wire("a");
	refuses("a", 0, SAVETOOL_NOT_IMAGE, "not a save image");
	image = opens("a", 300);
	assert_int_equal(image_stream_offset(image), 300);
	is_this_guest(image, false);
	savetool_image_close(image);
}

TEST(images_of_libvirt)
{
	for (int mapped = 0; mapped < 2; mapped++) {
		struct savetool_image *image;

		/* What its format says does not matter. */
		sample_header(&wire, mapped ? SAVETOOL_FORMAT_RAW :
					      SAVETOOL_FORMAT_SPARSE);
		if (mapped)
			sample_mapped(&wire);
		else
			sample_sequential(&wire);
		save_wire("a");
		image = opens("a", 0);
		assert_string_equal(image->libvirt->xml, SAMPLE_XML);
		assert_int_equal(image_stream_offset(image), 92 + SAMPLE_DATA);
		is_this_guest(image, mapped);
		savetool_image_close(image);
	}
}

TEST(a_stream_can_be_started_again)
{
	struct stream_item item;
	struct savetool_image *image;
	struct savetool_error err;

	sample_sequential(&wire);
	save_packed("a");
	image = opens("a", 0);
	assert_non_null(image_codec(image));
	for (unsigned i = 0; i < 3; i++) {
		struct pass pass;

		assert_ok(pass_begin(&pass, image, &err), err);
		assert_int_equal(stream_next(&pass.stream, &item, &err), 1);
		assert_true(section_is_ram(&item.section));
		pass_end(&pass);
	}
	savetool_image_close(image);
}

TEST(a_compressed_image_is_decompressed)
{
	for (int mapped = 0; mapped < 2; mapped++) {
		struct stream_item item;
		struct savetool_image *image;
		struct savetool_error err;
		struct pass pass;

		if (mapped)
			sample_mapped(&wire);
		else
			sample_sequential(&wire);
		save_packed("a");
		image = opens("a", 0);
		assert_ok(image_spool_beside(image, "./here", &err), err);
		assert_ok(pass_begin(&pass, image, &err), err);
		assert_int_equal(stream_is_mapped(&pass.stream), mapped);
		assert_int_equal(stream_next(&pass.stream, &item, &err), 1);
		assert_ok(page_size_read_list(&pass.stream, &err), err);
		if (mapped) {
			assert_ok(pass_read_bitmaps(&pass, &err), err);
			assert_int_equal(bitmap_count(&pass.bitmaps[0], 0, 16),
					 2);
		}
		pass_end(&pass);
		savetool_image_close(image);
		/* What it was kept in has no name. */
		assert_int_equal(scratch_count(".", ""), 1);
	}
}

TEST(the_tail_is_found_at_the_start)
{
	struct savetool_image *image;
	struct savetool_error err;
	struct pass pass;

	sample_sequential(&wire);
	save_wire("a");
	image = opens("a", 0);
	assert_ok(pass_begin(&pass, image, &err), err);
	assert_non_null(pass.tail);
	assert_ptr_equal(pass.stream.vmdesc, pass.tail->vmdesc);
	assert_int_equal(pass.stream.vmdesc->count, 1);
	pass_end(&pass);
	savetool_image_close(image);
}

TEST(other_kinds_of_files_are_named)
{
	refuses_bytes("", 0, SAVETOOL_NOT_IMAGE, "file is empty");
	refuses_bytes("\177ELF\2\1\1", 7, SAVETOOL_NOT_IMAGE,
		      "not a save image, but an ELF file");
	refuses_bytes("QFI\373\0\0\0\3", 8, SAVETOOL_NOT_IMAGE,
		      "not a save image, but a qcow2 disk image; qemu-img "
		      "reads it");
	refuses_bytes("some text\n", 10, SAVETOOL_NOT_IMAGE,
		      "not a save image");
	refuses_bytes("QE", 2, SAVETOOL_NOT_IMAGE, "not a save image");
}

TEST(compressed_content_is_identified)
{
	wire_text(&wire, "some text");
	save_packed("a");
	refuses("a", 0, SAVETOOL_NOT_IMAGE,
		"not a save image, but gzip-compressed data of another kind");
	wire_text(&wire, "QFI\373");
	save_packed("a");
	refuses("a", 0, SAVETOOL_NOT_IMAGE,
		"not a save image, but a gzip-compressed qcow2 disk image; "
		"qemu-img reads it");
}

/* The header is shown; the stream is nobody's guess. */
TEST(other_compressed_content_after_a_header_is_damage)
{
	const struct savetool_info *info = NULL;
	struct savetool_image *image;
	struct savetool_error err;
	uint8_t packed[512];
	size_t size;
	FILE *file;

	wire_text(&wire, "QFI\373");
	save_packed("a");
	file = fopen("a", "rb");
	assert_non_null(file);
	size = fread(packed, 1, sizeof(packed), file);
	fclose(file);
	sample_header(&wire, SAVETOOL_FORMAT_GZIP);
	wire_bytes(&wire, packed, size);
	save_wire("a");
	image = opens("a", 0);
	assert_fails(savetool_image_describe(image, false, NULL, &info, &err),
		     err, SAVETOOL_CORRUPT,
		     "no QEMU stream after the libvirt header, but a "
		     "gzip-compressed qcow2 disk image; qemu-img reads it (at "
		     "byte 225)");
	assert_true(info->libvirt);
	assert_false(info->stream_known);
	savetool_image_close(image);
}

/* The header is there to be described, but a pass fails. */
static void opens_without_stream(const char *path, enum savetool_code code,
				 const char *text)
{
	cleanup_image struct savetool_image *image = NULL;
	cleanup_pass struct pass pass = PASS_INIT;
	struct savetool_error err;

	assert_ok(savetool_image_open(&image, path, NULL, NULL, &err), err);
	assert_non_null(image->libvirt);
	assert_fails(pass_begin(&pass, image, &err), err, code, text);
}

TEST(a_header_alone_is_incomplete)
{
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	save_wire("a");
	opens_without_stream(
		"a", SAVETOOL_INCOMPLETE,
		"file ends where the stream should start (at byte 225)");
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	memcpy(wire.bytes, "LibvirtQemudPart", 16);
	save_wire("a");
	opens_without_stream(
		"a", SAVETOOL_INCOMPLETE,
		"libvirt never finished this image: its header says "
		"'LibvirtQemudPart'");
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	wire_text(&wire, "no stream at all");
	save_wire("a");
	opens_without_stream(
		"a", SAVETOOL_CORRUPT,
		"no QEMU stream after the libvirt header (at byte 225)");
}

TEST(a_file_that_cannot_be_opened_is_an_error)
{
	struct savetool_image *image = NULL;
	struct savetool_error err;

	assert_int_equal(
		savetool_image_open(&image, "missing", NULL, NULL, &err), -1);
	assert_int_equal(err.code, SAVETOOL_SYSTEM);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(savetool_image_open(&image, ".", NULL, NULL, &err),
			 -1);
	assert_int_equal(err.code, SAVETOOL_SYSTEM);
	assert_int_equal(err.sys_errno, EISDIR);
	assert_null(image);
}

TEST(an_unfinished_image_says_so)
{
	struct savetool_image *image;
	struct savetool_error err;

	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	memcpy(wire.bytes, "LibvirtQemudPart", 16);
	sample_sequential(&wire);
	save_wire("a");
	image = opens("a", 0);
	assert_fails(image_require_complete(image, &err), err,
		     SAVETOOL_INCOMPLETE,
		     "libvirt never finished this image: its header says "
		     "'LibvirtQemudPart'");
	savetool_image_close(image);
}

TEST(closing_null_is_allowed)
{
	savetool_image_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(bare_streams),
		scratch_test(a_bare_stream_can_start_within_a_file),
		scratch_test(images_of_libvirt),
		scratch_test(a_stream_can_be_started_again),
		scratch_test(a_compressed_image_is_decompressed),
		scratch_test(the_tail_is_found_at_the_start),
		scratch_test(other_kinds_of_files_are_named),
		scratch_test(compressed_content_is_identified),
		scratch_test(other_compressed_content_after_a_header_is_damage),
		scratch_test(a_header_alone_is_incomplete),
		scratch_test(a_file_that_cannot_be_opened_is_an_error),
		scratch_test(an_unfinished_image_says_so),
		cmocka_unit_test(closing_null_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
