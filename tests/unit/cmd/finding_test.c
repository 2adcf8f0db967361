/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The place of a finding, as text. */
#include "config.h"

#include "finding.h"

#include "unit/check.h"

static struct savetool_finding found(const char *message)
{
	return (struct savetool_finding){ .code = "corrupt",
					  .message = message,
					  .block = "pc.ram",
					  .offset = 52,
					  .length = 8 };
}

static void assert_place(const struct savetool_finding *finding,
			 const char *expected)
{
	char place[FINDING_PLACE];

	finding_place(place, finding);
	assert_string_equal(place, expected);
}

TEST(what_the_message_lacks_is_said)
{
	struct savetool_finding finding = found("a bitmap lies");

	assert_place(&finding, "corrupt, block pc.ram, at byte 52, 8 bytes");
	finding.length = 0;
	assert_place(&finding, "corrupt, block pc.ram, at byte 52");
	finding.block = NULL;
	assert_place(&finding, "corrupt, at byte 52");
	finding.offset = SAVETOOL_UNKNOWN;
	finding.length = 8192;
	assert_place(&finding, "corrupt, 8 KiB");
}

TEST(what_the_message_has_is_not_said_again)
{
	struct savetool_finding finding =
		found("block 'pc.ram': bad, at byte 52");

	assert_place(&finding, "corrupt, 8 bytes");
	finding.message = "a bitmap at byte 52 lies";
	assert_place(&finding, "corrupt, block pc.ram, 8 bytes");
}

TEST(another_place_in_the_message_is_another)
{
	struct savetool_finding finding = found("ends at byte 520, or byte 5");

	assert_place(&finding, "corrupt, block pc.ram, at byte 52, 8 bytes");
	finding.message = "block 'pc.ram2', at byte 520 and byte 52";
	assert_place(&finding, "corrupt, block pc.ram, 8 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_message_lacks_is_said),
		cmocka_unit_test(what_the_message_has_is_not_said_again),
		cmocka_unit_test(another_place_in_the_message_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
