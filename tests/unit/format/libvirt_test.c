/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libvirt header: what is read, what is refused, what is written. */
#include "config.h"

#include "format/libvirt.h"

#include "base/bytes.h"
#include "unit/scratch.h"

#define XML "<domain/>"
#define COOKIE "<cookie/>"

/* XML, cookie, three bytes of padding, and the first four of a stream. */
#define DATA XML "\0" COOKIE "\0\0\0\0"
#define DATA_LENGTH (sizeof(DATA) - 1)
#define COOKIE_OFFSET sizeof(XML)

struct sample {
	uint8_t bytes[LIBVIRT_HEADER_SIZE + DATA_LENGTH + 4];
	bool big_endian;
	size_t size;
};

static void set_word(struct sample *sample, size_t at, uint32_t word)
{
	if (sample->big_endian)
		put_be32(sample->bytes + at, word);
	else
		put_le32(sample->bytes + at, word);
}

/* As libvirt writes it, with a mark in each word that nobody uses. */
static struct sample make(bool big_endian)
{
	struct sample sample = {
		.big_endian = big_endian,
		.size = sizeof(sample.bytes),
	};

	memcpy(sample.bytes, "LibvirtQemudSave", 16);
	set_word(&sample, 16, 2);
	set_word(&sample, 20, DATA_LENGTH);
	set_word(&sample, 24, 1);
	set_word(&sample, 28, 6);
	set_word(&sample, 32, COOKIE_OFFSET);
	for (unsigned i = 0; i < LIBVIRT_UNUSED; i++)
		set_word(&sample, 36 + 4 * i, 0x01020300 + i);
	memcpy(sample.bytes + LIBVIRT_HEADER_SIZE, DATA, DATA_LENGTH);
	memcpy(sample.bytes + LIBVIRT_HEADER_SIZE + DATA_LENGTH, "QEVM", 4);
	return sample;
}

static int read_sample(struct libvirt **libvirt, const struct sample *sample,
		       struct savetool_error *err)
{
	struct input *in;
	int result;

	assert_ok(input_open_memory(&in, sample->bytes, sample->size, err),
		  *err);
	result = libvirt_read(libvirt, in, err);
	input_close(in);
	return result;
}

static void refuses(const struct sample *sample, enum savetool_code code,
		    const char *text)
{
	struct libvirt *libvirt = NULL;
	struct savetool_error err;

	assert_fails(read_sample(&libvirt, sample, &err), err, code, text);
	assert_null(libvirt);
}

static struct libvirt *reads(const struct sample *sample)
{
	struct libvirt *libvirt;
	struct savetool_error err;

	assert_ok(read_sample(&libvirt, sample, &err), err);
	return libvirt;
}

TEST(both_magics_are_known_and_no_other)
{
	assert_true(libvirt_is_magic("LibvirtQemudSave", 16));
	assert_true(libvirt_is_magic("LibvirtQemudPart", 16));
	assert_false(libvirt_is_magic("LibvirtQemudSave", 15));
	assert_false(libvirt_is_magic("LibvirtQemudSavf", 16));
	assert_false(libvirt_is_magic("QEVM\0\0\0\3\7\0\0\0\0\0\0\0", 16));
}

static void reads_all(bool big_endian)
{
	struct sample sample = make(big_endian);
	struct libvirt *libvirt = reads(&sample);
	const struct savetool_header *header = &libvirt->header;

	assert_int_equal(header->big_endian, big_endian);
	assert_true(header->complete);
	assert_true(header->was_running);
	assert_int_equal(header->version, 2);
	assert_int_equal(header->format, 6);
	assert_int_equal(header->data_length, DATA_LENGTH);
	assert_int_equal(header->cookie_offset, COOKIE_OFFSET);
	assert_int_equal(header->features, 0);
	assert_int_equal(header->padding, 3);
	assert_string_equal(libvirt->xml, XML);
	assert_string_equal(libvirt->cookie, COOKIE);
	assert_int_equal(libvirt->unused[0], 0x01020300);
	assert_int_equal(libvirt->unused[13], 0x0102030d);
	assert_int_equal(libvirt_size(libvirt),
			 LIBVIRT_HEADER_SIZE + DATA_LENGTH);
	libvirt_free(libvirt);
}

TEST(a_little_endian_header_is_read)
{
	reads_all(false);
}

TEST(a_big_endian_header_is_read)
{
	reads_all(true);
}

TEST(every_version_is_read_in_either_byte_order)
{
	for (unsigned big = 0; big < 2; big++) {
		for (uint32_t version = 0; version <= 3; version++) {
			struct sample sample = make(big);
			struct libvirt *libvirt;

			set_word(&sample, 16, version);
			set_word(&sample, 36, 1);
			libvirt = reads(&sample);
			assert_int_equal(libvirt->header.version, version);
			assert_int_equal(libvirt->header.big_endian, big);
			libvirt_free(libvirt);
		}
	}
}

TEST(an_unfinished_image_is_read_and_says_so)
{
	struct sample sample = make(false);
	struct libvirt *libvirt;

	memcpy(sample.bytes, "LibvirtQemudPart", 16);
	set_word(&sample, 24, 0);
	libvirt = reads(&sample);
	assert_false(libvirt->header.complete);
	assert_false(libvirt->header.was_running);
	libvirt_free(libvirt);
}

TEST(without_a_cookie_all_bytes_after_the_xml_are_padding)
{
	struct sample sample = make(false);
	struct libvirt *libvirt;

	set_word(&sample, 32, 0);
	libvirt = reads(&sample);
	assert_null(libvirt->cookie);
	assert_int_equal(libvirt->header.padding, DATA_LENGTH - sizeof(XML));
	libvirt_free(libvirt);
}

TEST(an_image_without_padding_is_read)
{
	struct sample sample = make(false);
	struct libvirt *libvirt;

	set_word(&sample, 20, DATA_LENGTH - 3);
	libvirt = reads(&sample);
	assert_string_equal(libvirt->cookie, COOKIE);
	assert_int_equal(libvirt->header.padding, 0);
	libvirt_free(libvirt);
}

TEST(features_are_those_of_version_3_only)
{
	struct sample sample = make(false);
	struct libvirt *libvirt;

	set_word(&sample, 16, 3);
	set_word(&sample, 36, 1);
	libvirt = reads(&sample);
	assert_int_equal(libvirt->header.features, 1);
	assert_int_equal(libvirt->unused[1], 0x01020301);
	libvirt_free(libvirt);
}

TEST(other_files_are_no_image)
{
	struct sample sample = make(false);

	sample.bytes[12] = 's';
	refuses(&sample, SAVETOOL_NOT_IMAGE, "not a libvirt header");
	sample.size = 0;
	refuses(&sample, SAVETOOL_NOT_IMAGE, "not a libvirt header");
}

TEST(a_header_that_breaks_off_is_incomplete)
{
	struct sample sample = make(false);

	sample.size = 91;
	refuses(&sample, SAVETOOL_INCOMPLETE,
		"image ends within the libvirt header; libvirt deletes such a "
		"managed save when the guest is started (at byte 91)");
	sample.size = 16;
	refuses(&sample, SAVETOOL_INCOMPLETE,
		"image ends within the libvirt header; libvirt deletes such a "
		"managed save when the guest is started (at byte 16)");
}

TEST(a_later_version_is_unsupported)
{
	struct sample sample = make(false);

	set_word(&sample, 16, 4);
	refuses(&sample, SAVETOOL_UNSUPPORTED,
		"libvirt header has unknown version 4 (at byte 16)");
}

TEST(a_later_format_is_unsupported)
{
	struct sample sample = make(true);

	set_word(&sample, 28, 7);
	refuses(&sample, SAVETOOL_UNSUPPORTED,
		"libvirt header has unknown format 7 (at byte 28)");
}

TEST(an_unknown_feature_is_unsupported)
{
	struct sample sample = make(false);

	set_word(&sample, 16, 3);
	set_word(&sample, 36, 3);
	refuses(&sample, SAVETOOL_UNSUPPORTED,
		"libvirt header has features 0x3, not all of which are known "
		"(at byte 36)");
}

TEST(no_xml_is_corrupt)
{
	struct sample sample = make(false);

	set_word(&sample, 20, 0);
	refuses(&sample, SAVETOOL_CORRUPT,
		"libvirt header has no XML: its length is 0 (at byte 20)");
}

TEST(xml_beyond_the_limit_is_corrupt)
{
	struct sample sample = make(false);

	set_word(&sample, 20, LIBVIRT_DATA_LIMIT + 1);
	refuses(&sample, SAVETOOL_CORRUPT,
		"libvirt header says that its XML has 16777217 bytes, which is "
		"out of range (at byte 20)");
}

/* Fails, and says what is there nevertheless. */
static void is_cut(const struct sample *sample, const char *text)
{
	struct libvirt *libvirt = NULL;
	struct savetool_error err;

	assert_fails(read_sample(&libvirt, sample, &err), err,
		     SAVETOOL_INCOMPLETE, text);
	assert_non_null(libvirt);
	assert_int_equal(libvirt->present, sample->size - LIBVIRT_HEADER_SIZE);
	libvirt_free(libvirt);
}

TEST(xml_beyond_the_file_is_incomplete)
{
	struct sample sample = make(false);

	sample.size = LIBVIRT_HEADER_SIZE + DATA_LENGTH - 1;
	is_cut(&sample, "image ends within its XML of 23 bytes: 1 are missing "
			"(at byte 114)");
	sample.size = LIBVIRT_HEADER_SIZE;
	is_cut(&sample, "image ends within its XML of 23 bytes: 23 are missing "
			"(at byte 92)");
}

TEST(xml_beyond_the_end_of_a_pipe_is_incomplete)
{
	struct sample sample = make(false);
	struct libvirt *libvirt = NULL;
	struct savetool_error err;
	struct input *in;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	sample.size = LIBVIRT_HEADER_SIZE + 5;
	assert_int_equal(write(ends[1], sample.bytes, sample.size),
			 sample.size);
	close(ends[1]);
	assert_ok(input_open_fd(&in, ends[0], &err), err);
	assert_fails(libvirt_read(&libvirt, in, &err), err, SAVETOOL_INCOMPLETE,
		     "image ends within its XML of 23 bytes: 18 are missing "
		     "(at byte 97)");
	assert_int_equal(libvirt->header.data_length, 23);
	assert_int_equal(libvirt->present, 5);
	assert_int_equal(strlen(libvirt->xml), 5);
	assert_null(libvirt->cookie);
	libvirt_free(libvirt);
	input_close(in);
}

TEST(a_cookie_outside_is_corrupt)
{
	struct sample sample = make(false);

	set_word(&sample, 32, DATA_LENGTH);
	refuses(&sample, SAVETOOL_CORRUPT,
		"libvirt header says that its cookie starts 23 bytes into 23 "
		"bytes of XML and cookie (at byte 32)");
	set_word(&sample, 32, UINT32_MAX);
	refuses(&sample, SAVETOOL_CORRUPT,
		"libvirt header says that its cookie starts 4294967295 bytes "
		"into 23 bytes of XML and cookie (at byte 32)");
}

TEST(xml_that_runs_into_the_cookie_is_corrupt)
{
	struct sample sample = make(false);

	sample.bytes[LIBVIRT_HEADER_SIZE + sizeof(XML) - 1] = ' ';
	refuses(&sample, SAVETOOL_CORRUPT,
		"XML does not end with a NUL byte (at byte 92)");
}

TEST(xml_without_an_end_is_corrupt)
{
	struct sample sample = make(false);

	set_word(&sample, 32, 0);
	set_word(&sample, 20, sizeof(XML) - 1);
	refuses(&sample, SAVETOOL_CORRUPT,
		"XML does not end with a NUL byte (at byte 92)");
}

TEST(a_cookie_without_an_end_is_corrupt)
{
	struct sample sample = make(false);

	set_word(&sample, 20, DATA_LENGTH - 4);
	refuses(&sample, SAVETOOL_CORRUPT,
		"cookie does not end with a NUL byte (at byte 102)");
}

/* Writes it, and lets the test see the bytes on the way and at the end. */
static void writes(const struct libvirt *libvirt, const void *half,
		   const void *whole, size_t size)
{
	const struct output_file_options options = { .like_fd = -1 };
	struct savetool_error err;
	struct output *out;
	uint8_t *bytes = malloc(size);

	assert_ok(output_create_file(&out, "written", &options, &err), err);
	assert_ok(libvirt_write(libvirt, out, &err), err);
	assert_int_equal(out->position, size);
	assert_int_equal(pread(output_fd(out), bytes, size, 0), size);
	assert_memory_equal(bytes, half, size);
	free(bytes);
	assert_ok(libvirt_write_complete(out, &err), err);
	assert_int_equal(out->position, size);
	assert_ok(output_commit(out, &err), err);
	output_close(out);
	scratch_holds("written", whole, size);
	unlink("written");
}

TEST(a_header_is_written_as_it_was_read)
{
	for (unsigned big = 0; big < 2; big++) {
		struct sample half = make(big), whole = half;
		struct libvirt *libvirt = reads(&whole);

		memcpy(half.bytes, "LibvirtQemudPart", 16);
		writes(libvirt, half.bytes, whole.bytes,
		       LIBVIRT_HEADER_SIZE + DATA_LENGTH);
		libvirt_free(libvirt);
	}
}

TEST(a_version_3_header_is_written_as_it_was_read)
{
	struct sample half = make(false), whole;
	struct libvirt *libvirt;

	set_word(&half, 16, 3);
	set_word(&half, 36, 1);
	whole = half;
	memcpy(half.bytes, "LibvirtQemudPart", 16);
	libvirt = reads(&whole);
	writes(libvirt, half.bytes, whole.bytes,
	       LIBVIRT_HEADER_SIZE + DATA_LENGTH);
	libvirt_free(libvirt);
}

TEST(features_do_not_get_into_a_header_of_version_2)
{
	struct sample half = make(false), whole;
	struct libvirt *libvirt;

	set_word(&half, 16, 3);
	set_word(&half, 36, 1);
	libvirt = reads(&half);
	libvirt->header.version = 2;
	set_word(&half, 16, 2);
	set_word(&half, 36, 0);
	whole = half;
	memcpy(half.bytes, "LibvirtQemudPart", 16);
	writes(libvirt, half.bytes, whole.bytes,
	       LIBVIRT_HEADER_SIZE + DATA_LENGTH);
	libvirt_free(libvirt);
}

TEST(a_pipe_gets_the_final_magic_at_once)
{
	struct sample sample = make(false);
	struct libvirt *libvirt = reads(&sample);
	uint8_t bytes[sizeof(sample.bytes)];
	struct savetool_error err;
	struct output *out;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(output_open_fd(&out, ends[1], &err), err);
	assert_ok(libvirt_write(libvirt, out, &err), err);
	assert_ok(libvirt_write_complete(out, &err), err);
	output_close(out);
	close(ends[1]);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)),
			 LIBVIRT_HEADER_SIZE + DATA_LENGTH);
	assert_memory_equal(bytes, sample.bytes,
			    LIBVIRT_HEADER_SIZE + DATA_LENGTH);
	close(ends[0]);
	libvirt_free(libvirt);
}

TEST(a_new_header_has_the_usual_padding)
{
	struct libvirt *libvirt;
	struct savetool_error err;

	assert_ok(libvirt_new(&libvirt, XML, NULL, false, &err), err);
	assert_string_equal(libvirt->xml, XML);
	assert_null(libvirt->cookie);
	assert_int_equal(libvirt->header.version, 2);
	assert_int_equal(libvirt->header.format, 0);
	assert_int_equal(libvirt->header.cookie_offset, 0);
	assert_int_equal(libvirt->header.padding, 65536);
	assert_int_equal(libvirt_size(libvirt), 92 + sizeof(XML) + 65536);
	for (unsigned i = 0; i < 65536; i++)
		assert_int_equal(libvirt->data[sizeof(XML) + i], 0);
	libvirt_free(libvirt);
}

TEST(xml_that_is_too_long_is_refused_for_a_new_header)
{
	char *xml = malloc(LIBVIRT_DATA_LIMIT);
	struct libvirt *libvirt;
	struct savetool_error err;

	memset(xml, ' ', LIBVIRT_DATA_LIMIT);
	xml[LIBVIRT_DATA_LIMIT - LIBVIRT_PADDING] = '\0';
	assert_fails(libvirt_new(&libvirt, xml, NULL, false, &err), err,
		     SAVETOOL_USAGE, "XML of 16711680 bytes is too long");
	xml[LIBVIRT_DATA_LIMIT - LIBVIRT_PADDING - 1] = '\0';
	assert_ok(libvirt_new(&libvirt, xml, NULL, false, &err), err);
	libvirt_free(libvirt);
	free(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_magics_are_known_and_no_other),
		cmocka_unit_test(a_little_endian_header_is_read),
		cmocka_unit_test(a_big_endian_header_is_read),
		cmocka_unit_test(every_version_is_read_in_either_byte_order),
		cmocka_unit_test(an_unfinished_image_is_read_and_says_so),
		cmocka_unit_test(
			without_a_cookie_all_bytes_after_the_xml_are_padding),
		cmocka_unit_test(an_image_without_padding_is_read),
		cmocka_unit_test(features_are_those_of_version_3_only),
		cmocka_unit_test(other_files_are_no_image),
		cmocka_unit_test(a_header_that_breaks_off_is_incomplete),
		cmocka_unit_test(a_later_version_is_unsupported),
		cmocka_unit_test(a_later_format_is_unsupported),
		cmocka_unit_test(an_unknown_feature_is_unsupported),
		cmocka_unit_test(no_xml_is_corrupt),
		cmocka_unit_test(xml_beyond_the_limit_is_corrupt),
		cmocka_unit_test(xml_beyond_the_file_is_incomplete),
		cmocka_unit_test(xml_beyond_the_end_of_a_pipe_is_incomplete),
		cmocka_unit_test(a_cookie_outside_is_corrupt),
		cmocka_unit_test(xml_that_runs_into_the_cookie_is_corrupt),
		cmocka_unit_test(xml_without_an_end_is_corrupt),
		cmocka_unit_test(a_cookie_without_an_end_is_corrupt),
		scratch_test(a_header_is_written_as_it_was_read),
		scratch_test(a_version_3_header_is_written_as_it_was_read),
		scratch_test(features_do_not_get_into_a_header_of_version_2),
		cmocka_unit_test(a_pipe_gets_the_final_magic_at_once),
		cmocka_unit_test(a_new_header_has_the_usual_padding),
		cmocka_unit_test(
			xml_that_is_too_long_is_refused_for_a_new_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
