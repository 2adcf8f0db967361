/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where something is, as text: the same for errors and findings. */
#include "config.h"

#include "finding.h"
#include "place.h"

#include "unit/check.h"

static struct savetool_finding found(const char *message)
{
	return (struct savetool_finding){ .code = "corrupt",
					  .message = message,
					  .block = "pc.ram",
					  .offset = 52,
					  .length = 8 };
}

static struct savetool_error failed(void)
{
	return (struct savetool_error){ .code = SAVETOOL_CORRUPT,
					.text = "damaged",
					.block = "pc.ram",
					.page = 17,
					.offset = 52 };
}

static void assert_place(const struct savetool_finding *finding,
			 const char *expected)
{
	char place[PLACE_TEXT];

	place_of_finding(place, finding);
	assert_string_equal(place, expected);
}

static void assert_error_place(const struct savetool_error *err,
			       const char *expected)
{
	char place[PLACE_TEXT];

	place_of_error(place, err);
	assert_string_equal(place, expected);
}

TEST(an_error_shows_what_is_known_of_its_place)
{
	struct savetool_error err = failed();

	assert_error_place(&err, "block 'pc.ram', page 17, at byte 52");
	err.page = SAVETOOL_UNKNOWN;
	assert_error_place(&err, "block 'pc.ram', at byte 52");
	err.block[0] = '\0';
	assert_error_place(&err, "at byte 52");
	err.offset = SAVETOOL_UNKNOWN;
	assert_error_place(&err, "");
	err.offset = 0;
	assert_error_place(&err, "at byte 0");
}

TEST(a_finding_shows_its_length_as_well)
{
	struct savetool_finding finding = found("a bitmap lies");

	assert_place(&finding, "block 'pc.ram', at byte 52, 8 bytes");
	finding.page = 17;
	finding.pages = 1;
	assert_place(&finding, "block 'pc.ram', page 17, at byte 52, 8 bytes");
	finding.pages = 3;
	assert_place(&finding,
		     "block 'pc.ram', pages 17-19, at byte 52, 8 bytes");
	finding.pages = 0;
	finding.length = 0;
	assert_place(&finding, "block 'pc.ram', at byte 52");
	finding.length = SAVETOOL_UNKNOWN;
	finding.block = NULL;
	assert_place(&finding, "at byte 52");
}

TEST(a_finding_without_an_offset_has_an_amount)
{
	struct savetool_finding finding = found("stale");

	finding.block = NULL;
	finding.offset = SAVETOOL_UNKNOWN;
	finding.length = 8192;
	assert_place(&finding, "8 KiB");
	finding.length = SAVETOOL_UNKNOWN;
	assert_place(&finding, "");
}

TEST(the_longest_name_leaves_the_rest_in)
{
	struct savetool_error err = failed();
	char expected[PLACE_TEXT];

	memset(err.block, 'n', sizeof(err.block) - 1);
	err.page = err.offset = SAVETOOL_UNKNOWN - 1;
	snprintf(expected, sizeof(expected),
		 "block '%s', page 18446744073709551614, at byte "
		 "18446744073709551614",
		 err.block);
	assert_error_place(&err, expected);
}

TEST(a_line_of_a_finding_has_code_and_place)
{
	struct savetool_finding finding = found("a bitmap lies");
	char line[FINDING_LINE];

	finding_line(line, &finding);
	assert_string_equal(line, "a bitmap lies (corrupt, block 'pc.ram', "
				  "at byte 52, 8 bytes)");
	finding.block = NULL;
	finding.offset = finding.length = SAVETOOL_UNKNOWN;
	finding_line(line, &finding);
	assert_string_equal(line, "a bitmap lies (corrupt)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_shows_what_is_known_of_its_place),
		cmocka_unit_test(a_finding_shows_its_length_as_well),
		cmocka_unit_test(a_finding_without_an_offset_has_an_amount),
		cmocka_unit_test(the_longest_name_leaves_the_rest_in),
		cmocka_unit_test(a_line_of_a_finding_has_code_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
