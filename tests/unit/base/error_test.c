/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Failures keep their code, errno and offset, and a terminated sentence. */
#include "config.h"

#include "base/error.h"

#include "unit/check.h"

#include <errno.h>

TEST(every_code_has_a_name_of_its_own)
{
	static const enum savetool_code codes[] = {
		SAVETOOL_OK,          SAVETOOL_USAGE,      SAVETOOL_SYSTEM,
		SAVETOOL_NOT_IMAGE,   SAVETOOL_INCOMPLETE, SAVETOOL_CORRUPT,
		SAVETOOL_UNSUPPORTED, SAVETOOL_REFUSED,    SAVETOOL_CANCELLED,
	};
	const size_t count = sizeof(codes) / sizeof(codes[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(savetool_code_name(codes[i]),
						savetool_code_name(codes[j]));
	assert_string_equal(savetool_code_name(SAVETOOL_CORRUPT), "corrupt");
	assert_string_equal(savetool_code_name((enum savetool_code)99),
			    "unknown");
}

TEST(failing_fills_in_everything)
{
	struct savetool_error err = { .sys_errno = EIO };

	assert_fails(fail(&err, SAVETOOL_CORRUPT, "block '%s' has %d bytes",
			  "pc.ram", 3),
		     err, SAVETOOL_CORRUPT, "block 'pc.ram' has 3 bytes");
	assert_int_equal(err.sys_errno, 0);
}

TEST(a_system_error_has_its_text_and_number)
{
	struct savetool_error err;

	errno = EIO;
	assert_fails(fail_errno(&err, "cannot write at byte %d", 7), err,
		     SAVETOOL_SYSTEM,
		     "cannot write at byte 7: Input/output error");
	assert_int_equal(err.sys_errno, EIO);
	assert_int_equal(errno, EIO);
	assert_false(error_is_full(&err));
	assert_fails(fail_full(&err, 1, 2), err, SAVETOOL_SYSTEM,
		     "cannot write at byte 7: Input/output error");
}

TEST(a_full_disk_and_a_full_quota_are_refusals)
{
	struct savetool_error err;

	errno = EDQUOT;
	assert_fails(fail_errno(&err, "cannot write"), err, SAVETOOL_REFUSED,
		     "cannot write: Disk quota exceeded");
	assert_int_equal(err.sys_errno, EDQUOT);
	errno = ENOSPC;
	assert_fails(fail_errno(&err, "cannot write"), err, SAVETOOL_REFUSED,
		     "cannot write: No space left on device");
	assert_true(error_is_full(&err));
	assert_fails(fail_full(&err, 70, 100), err, SAVETOOL_REFUSED,
		     "not enough space after 70 bytes, at most about 30 more "
		     "are needed: cannot write: No space left on device");
}

TEST(how_much_space_is_missing_may_be_unknown)
{
	struct savetool_error err;

	errno = ENOSPC;
	fail_errno(&err, "cannot write");
	assert_fails(fail_full(&err, 70, SAVETOOL_UNKNOWN), err,
		     SAVETOOL_REFUSED,
		     "not enough space after 70 bytes, and it is unknown how "
		     "many more are needed: cannot write: "
		     "No space left on device");
	fail(&err, SAVETOOL_CORRUPT, "damaged");
	assert_fails(fail_full(&err, 70, 100), err, SAVETOOL_CORRUPT,
		     "damaged");
}

TEST(an_unknown_system_error_has_its_number)
{
	struct savetool_error err;

	errno = 9999;
	assert_fails(fail_errno(&err, "cannot read"), err, SAVETOOL_SYSTEM,
		     "cannot read: unknown error");
}

TEST(no_memory_is_a_system_error)
{
	struct savetool_error err;

	assert_fails(fail_memory(&err), err, SAVETOOL_SYSTEM,
		     "cannot allocate memory: Cannot allocate memory");
	assert_int_equal(err.sys_errno, ENOMEM);
}

TEST(context_goes_in_front_and_changes_nothing_else)
{
	struct savetool_error err;

	errno = EIO;
	fail_errno(&err, "cannot read");
	assert_fails(fail_while(&err, "block '%s'", "m0"), err, SAVETOOL_SYSTEM,
		     "block 'm0': cannot read: Input/output error");
	assert_int_equal(err.sys_errno, EIO);
}

TEST(long_sentences_are_cut_and_end)
{
	struct savetool_error err;
	char name[2000];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	errno = EIO;
	fail_errno(&err, "cannot open '%s'", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	fail(&err, SAVETOOL_USAGE, "short");
	fail_while(&err, "%s", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	fail(&err, SAVETOOL_USAGE, "%s", name);
	fail_while(&err, "in front");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "in front: nnn", 13);
}

static void assert_place(const struct savetool_error *err, uint64_t offset,
			 const char *block)
{
	assert_true(err->offset == offset);
	assert_string_equal(err->block, block);
}

TEST(a_place_is_kept_and_not_written_into_the_sentence)
{
	struct savetool_error err;

	fail_at(&err, SAVETOOL_CORRUPT, 7, "%s at @ overlaps %d", "bitmap", 9);
	assert_string_equal(err.text, "bitmap at @ overlaps 9");
	assert_place(&err, 7, "");
	errno = EIO;
	assert_fails(fail_errno_at(&err, 12, "cannot write to '%s'", "/tmp"),
		     err, SAVETOOL_SYSTEM,
		     "cannot write to '/tmp': Input/output error (at byte 12)");
	assert_place(&err, 12, "");
	assert_int_equal(err.sys_errno, EIO);
	assert_int_equal(errno, EIO);
	errno = ENOSPC;
	fail_errno_at(&err, 12, "cannot write");
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	assert_string_equal(err.text, "cannot write: No space left on device");
	assert_place(&err, 12, "");
}

TEST(each_failure_begins_without_a_place)
{
	struct savetool_error err;

	fail_at(&err, SAVETOOL_CORRUPT, 7, "damaged");
	fail_in_block(&err, "m0");
	assert_place(&err, 7, "m0");
	fail_at(&err, SAVETOOL_CORRUPT, 8, "damaged");
	assert_place(&err, 8, "");
	fail_in_block(&err, "m0");
	fail(&err, SAVETOOL_CORRUPT, "damaged");
	assert_place(&err, SAVETOOL_UNKNOWN, "");
	fail_at(&err, SAVETOOL_CORRUPT, 7, "damaged");
	fail_in_block(&err, "m0");
	fail_memory(&err);
	assert_place(&err, SAVETOOL_UNKNOWN, "");
	fail_in_block(&err, "m0");
	fail_errno_at(&err, 9, "cannot read");
	assert_place(&err, 9, "");
}

TEST(the_innermost_place_stays)
{
	struct savetool_error err;

	fail(&err, SAVETOOL_CORRUPT, "no number");
	assert_fails(fail_while_at(&err, 92, "domain XML"), err,
		     SAVETOOL_CORRUPT, "domain XML: no number (at byte 92)");
	assert_place(&err, 92, "");
	assert_fails(fail_while_at(&err, 28, "header"), err, SAVETOOL_CORRUPT,
		     "header: domain XML: no number (at byte 92)");
	assert_place(&err, 92, "");
	fail_while(&err, "guest");
	assert_fails(fail_in_block(&err, "m0"), err, SAVETOOL_CORRUPT,
		     "guest: header: domain XML: no number (block 'm0', at "
		     "byte 92)");
	assert_place(&err, 92, "m0");
	fail_in_block(&err, "m1");
	assert_place(&err, 92, "m0");
}

TEST(a_page_is_kept_and_not_written_into_the_sentence)
{
	struct savetool_error err;

	fail_at(&err, SAVETOOL_CORRUPT, 7, "damaged");
	assert_true(err.page == SAVETOOL_UNKNOWN);
	assert_fails(fail_about_page(&err, "m0", 3), err, SAVETOOL_CORRUPT,
		     "damaged (block 'm0', page 3, at byte 7)");
	assert_place(&err, 7, "m0");
	assert_int_equal(err.page, 3);
	fail_about_page(&err, "m1", 4);
	assert_place(&err, 7, "m0");
	assert_int_equal(err.page, 3);
	fail_as(&err, SAVETOOL_UNSUPPORTED, ", if so");
	fail_while(&err, "guest");
	assert_int_equal(err.page, 3);
	fail(&err, SAVETOOL_CORRUPT, "damaged");
	assert_true(err.page == SAVETOOL_UNKNOWN);
}

TEST(a_failure_can_become_another_one_of_the_same_place)
{
	struct savetool_error err;
	char name[2000];

	fail_at(&err, SAVETOOL_CORRUPT, 7, "damaged");
	fail_in_block(&err, "m0");
	assert_fails(fail_as(&err, SAVETOOL_UNSUPPORTED, ", if so (%d)", 1),
		     err, SAVETOOL_UNSUPPORTED,
		     "damaged, if so (1) (block 'm0', at byte 7)");
	assert_place(&err, 7, "m0");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	fail(&err, SAVETOOL_CORRUPT, "%s", name);
	fail_as(&err, SAVETOOL_UNSUPPORTED, ", if so");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 10, "nn, if so");
	fail_as(&err, SAVETOOL_UNSUPPORTED, "%s", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

TEST(the_innermost_hint_stays)
{
	struct savetool_error err;

	fail(&err, SAVETOOL_REFUSED, "exists");
	assert_int_equal(err.hint, SAVETOOL_HINT_NONE);
	assert_fails(fail_hint(&err, SAVETOOL_HINT_FORCE), err,
		     SAVETOOL_REFUSED, "exists");
	assert_int_equal(err.hint, SAVETOOL_HINT_FORCE);
	fail_while(&err, "outside");
	fail_hint(&err, SAVETOOL_HINT_BARE);
	assert_int_equal(err.hint, SAVETOOL_HINT_FORCE);
	fail(&err, SAVETOOL_CORRUPT, "damaged");
	assert_int_equal(err.hint, SAVETOOL_HINT_NONE);
}

TEST(long_sentences_keep_their_place)
{
	struct savetool_error err;
	char name[2000];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	fail_at(&err, SAVETOOL_CORRUPT, 7, "unknown section '%s'", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	fail_while_at(&err, 8, "%s", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	name[255] = '\0';
	fail_in_block(&err, name);
	assert_place(&err, 7, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_of_its_own),
		cmocka_unit_test(failing_fills_in_everything),
		cmocka_unit_test(a_system_error_has_its_text_and_number),
		cmocka_unit_test(a_full_disk_and_a_full_quota_are_refusals),
		cmocka_unit_test(how_much_space_is_missing_may_be_unknown),
		cmocka_unit_test(an_unknown_system_error_has_its_number),
		cmocka_unit_test(no_memory_is_a_system_error),
		cmocka_unit_test(
			context_goes_in_front_and_changes_nothing_else),
		cmocka_unit_test(long_sentences_are_cut_and_end),
		cmocka_unit_test(
			a_place_is_kept_and_not_written_into_the_sentence),
		cmocka_unit_test(each_failure_begins_without_a_place),
		cmocka_unit_test(the_innermost_place_stays),
		cmocka_unit_test(
			a_page_is_kept_and_not_written_into_the_sentence),
		cmocka_unit_test(
			a_failure_can_become_another_one_of_the_same_place),
		cmocka_unit_test(the_innermost_hint_stays),
		cmocka_unit_test(long_sentences_keep_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
