/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another XML in a libvirt header: where it goes, and how long that becomes. */
#include "config.h"

#include "format/libvirt_edit.h"

#include "unit/scratch.h"

#define UNIT 65536

/* A header with a cookie, 100 bytes of data, and a mark in an unused word. */
static struct libvirt *header(const char *xml, const char *cookie)
{
	struct libvirt like = { .cookie = cookie };
	struct libvirt *libvirt;
	struct savetool_error err;

	assert_ok(libvirt_new(&libvirt, xml, &like, false, &err), err);
	libvirt->header.data_length = 100;
	libvirt->unused[3] = 7;
	return libvirt;
}

static struct libvirt *edits(const struct libvirt *libvirt, const char *xml)
{
	struct libvirt *edited;
	struct savetool_error err;

	assert_ok(libvirt_edit(&edited, libvirt, xml, UNIT, &err), err);
	assert_string_equal(edited->xml, xml);
	assert_int_equal(edited->unused[3], 7);
	assert_int_equal(edited->present, edited->header.data_length);
	return edited;
}

/* All bytes after XML and cookie. */
static void is_padded(const struct libvirt *libvirt, size_t used)
{
	assert_int_equal(libvirt->header.padding,
			 libvirt->header.data_length - used);
	for (size_t i = used; i < libvirt->header.data_length; i++)
		assert_int_equal(libvirt->data[i], 0);
}

static char *text_of(size_t size)
{
	char *text = calloc(1, size + 1);

	assert_non_null(text);
	return memset(text, 'x', size);
}

TEST(what_fits_keeps_the_length_and_is_padded)
{
	struct libvirt *old = header("<long-domain/>", "<cookie/>"), *new;

	new = edits(old, "<domain/>");
	assert_int_equal(new->header.data_length, 100);
	assert_int_equal(new->header.cookie_offset, 10);
	assert_string_equal(new->cookie, "<cookie/>");
	assert_ptr_equal(new->cookie, new->data + 10);
	is_padded(new, 20);
	/* The old one stays as it was. */
	assert_string_equal(old->xml, "<long-domain/>");
	libvirt_free(new);
	libvirt_free(old);
}

TEST(a_header_without_a_cookie_gets_none)
{
	struct libvirt *old = header("<domain/>", NULL);
	struct libvirt *new = edits(old, "<domain  />");

	assert_null(new->cookie);
	assert_int_equal(new->header.cookie_offset, 0);
	is_padded(new, 12);
	libvirt_free(new);
	libvirt_free(old);
}

/* With the cookie, 89 bytes and a NUL are the most that fit. */
TEST(one_byte_too_many_adds_a_unit_and_the_usual_padding)
{
	struct libvirt *old = header("<domain/>", "<cookie/>"), *new;
	char *text = text_of(90);

	text[89] = '\0';
	new = edits(old, text);
	assert_int_equal(new->header.data_length, 100);
	is_padded(new, 100);
	libvirt_free(new);
	text[89] = 'x';
	new = edits(old, text);
	assert_int_equal(new->header.data_length, 100 + 2 * UNIT);
	is_padded(new, 101);
	assert_true(new->header.padding >= LIBVIRT_PADDING);
	libvirt_free(new);
	libvirt_free(old);
	free(text);
}

TEST(more_than_the_limit_is_refused)
{
	struct libvirt *old = header("<domain/>", "<cookie/>"), *new = NULL;
	char *text = text_of(LIBVIRT_DATA_LIMIT);
	struct savetool_error err;

	assert_fails(libvirt_edit(&new, old, text, UNIT, &err), err,
		     SAVETOOL_USAGE, "XML of 16777216 bytes is too long");
	text[LIBVIRT_DATA_LIMIT - LIBVIRT_PADDING] = '\0';
	assert_fails(libvirt_edit(&new, old, text, UNIT, &err), err,
		     SAVETOOL_USAGE, "XML of 16711680 bytes is too long");
	assert_null(new);
	libvirt_free(old);
	free(text);
}

TEST(a_copy_is_equal)
{
	struct libvirt *old = header("<domain/>", "<cookie/>"), *new;
	struct savetool_error err;

	old->data[99] = 1;
	assert_ok(libvirt_copy(&new, old, &err), err);
	assert_memory_equal(new->data, old->data, 100);
	assert_memory_equal(&new->header, &old->header, sizeof(old->header));
	assert_string_equal(new->xml, "<domain/>");
	assert_string_equal(new->cookie, "<cookie/>");
	assert_ptr_not_equal(new->data, old->data);
	libvirt_free(new);
	libvirt_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_keeps_the_length_and_is_padded),
		cmocka_unit_test(a_header_without_a_cookie_gets_none),
		cmocka_unit_test(
			one_byte_too_many_adds_a_unit_and_the_usual_padding),
		cmocka_unit_test(more_than_the_limit_is_refused),
		cmocka_unit_test(a_copy_is_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
