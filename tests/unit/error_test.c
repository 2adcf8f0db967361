/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Failures keep their code, their errno and a sentence that ends. */
#include "config.h"

#include "base/error.h"

#include "check.h"

#include <errno.h>

TEST(every_code_has_a_name_of_its_own)
{
	static const enum st_code codes[] = {
		ST_OK,          ST_USAGE,      ST_SYSTEM,
		ST_NOT_IMAGE,   ST_INCOMPLETE, ST_CORRUPT,
		ST_UNSUPPORTED, ST_REFUSED,    ST_CANCELLED,
	};
	const size_t count = sizeof(codes) / sizeof(codes[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(st_code_name(codes[i]),
						st_code_name(codes[j]));
	assert_string_equal(st_code_name(ST_CORRUPT), "corrupt");
	assert_string_equal(st_code_name((enum st_code)99), "unknown");
}

TEST(failing_fills_in_everything)
{
	struct st_error err = { .sys_errno = EIO };

	assert_fails(
		fail(&err, ST_CORRUPT, "block '%s' has %d bytes", "pc.ram", 3),
		err, ST_CORRUPT, "block 'pc.ram' has 3 bytes");
	assert_int_equal(err.sys_errno, 0);
}

TEST(a_system_error_is_told_and_kept)
{
	struct st_error err;

	errno = EIO;
	assert_fails(fail_errno(&err, "cannot write at byte %d", 7), err,
		     ST_SYSTEM, "cannot write at byte 7: Input/output error");
	assert_int_equal(err.sys_errno, EIO);
	assert_int_equal(errno, EIO);
	assert_false(error_is_full(&err));
	assert_fails(fail_full(&err, 1, 2), err, ST_SYSTEM,
		     "cannot write at byte 7: Input/output error");
}

TEST(a_full_disk_and_a_full_quota_are_refusals)
{
	struct st_error err;

	errno = EDQUOT;
	assert_fails(fail_errno(&err, "cannot write"), err, ST_REFUSED,
		     "cannot write: Disk quota exceeded");
	assert_int_equal(err.sys_errno, EDQUOT);
	errno = ENOSPC;
	assert_fails(fail_errno(&err, "cannot write"), err, ST_REFUSED,
		     "cannot write: No space left on device");
	assert_true(error_is_full(&err));
	assert_fails(fail_full(&err, 70, 100), err, ST_REFUSED,
		     "not enough room after 70 bytes, about 30 missing at "
		     "most: cannot write: No space left on device");
}

TEST(what_a_full_disk_lacks_is_not_always_known)
{
	struct st_error err;

	errno = ENOSPC;
	fail_errno(&err, "cannot write");
	assert_fails(fail_full(&err, 70, ST_UNKNOWN), err, ST_REFUSED,
		     "not enough room after 70 bytes, and no way to tell how "
		     "many are missing: cannot write: "
		     "No space left on device");
	fail(&err, ST_CORRUPT, "damaged");
	assert_fails(fail_full(&err, 70, 100), err, ST_CORRUPT, "damaged");
}

TEST(an_unknown_system_error_is_told)
{
	struct st_error err;

	errno = 9999;
	assert_fails(fail_errno(&err, "cannot read"), err, ST_SYSTEM,
		     "cannot read: unknown error");
}

TEST(no_memory_is_a_system_error)
{
	struct st_error err;

	assert_fails(fail_memory(&err), err, ST_SYSTEM,
		     "cannot allocate memory: Cannot allocate memory");
	assert_int_equal(err.sys_errno, ENOMEM);
}

TEST(context_goes_in_front_and_changes_nothing_else)
{
	struct st_error err;

	errno = EIO;
	fail_errno(&err, "cannot read");
	assert_fails(fail_while(&err, "block '%s'", "m0"), err, ST_SYSTEM,
		     "block 'm0': cannot read: Input/output error");
	assert_int_equal(err.sys_errno, EIO);
}

TEST(long_sentences_are_cut_and_end)
{
	struct st_error err;
	char name[2000];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	errno = EIO;
	fail_errno(&err, "cannot open '%s'", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	fail(&err, ST_USAGE, "short");
	fail_while(&err, "%s", name);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	fail(&err, ST_USAGE, "%s", name);
	fail_while(&err, "in front");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "in front: nnn", 13);
}

TEST(a_sentence_tells_its_place)
{
	char block[ERROR_BLOCK_SIZE];
	struct st_error err;

	fail(&err, ST_CORRUPT, "pages at byte 4096 overlap byte 7");
	assert_int_equal(error_offset(&err), 4096);
	assert_false(error_block(&err, block));
	fail_while(&err, "block '%s'", "it's: m0");
	assert_int_equal(error_offset(&err), 4096);
	assert_true(error_block(&err, block));
	assert_string_equal(block, "it's: m0");
	fail(&err, ST_CORRUPT, "a byte too many, 12 bytes");
	assert_true(error_offset(&err) == ST_UNKNOWN);
	fail(&err, ST_CORRUPT, "block 'm0' is twice there");
	assert_false(error_block(&err, block));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_of_its_own),
		cmocka_unit_test(failing_fills_in_everything),
		cmocka_unit_test(a_system_error_is_told_and_kept),
		cmocka_unit_test(a_full_disk_and_a_full_quota_are_refusals),
		cmocka_unit_test(what_a_full_disk_lacks_is_not_always_known),
		cmocka_unit_test(an_unknown_system_error_is_told),
		cmocka_unit_test(no_memory_is_a_system_error),
		cmocka_unit_test(
			context_goes_in_front_and_changes_nothing_else),
		cmocka_unit_test(long_sentences_are_cut_and_end),
		cmocka_unit_test(a_sentence_tells_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
