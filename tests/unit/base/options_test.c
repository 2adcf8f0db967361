/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options from callers that are older, newer, or wrong. */
#include "config.h"

#include "base/options.h"

#include "unit/check.h"

struct old {
	size_t size;
	uint64_t first;
};

struct present {
	size_t size;
	uint64_t first, second;
};

struct later {
	size_t size;
	uint64_t first, second, third;
};

static struct present taken;
static struct savetool_error err;

static int take(const void *given)
{
	memset(&taken, 0xaa, sizeof(taken));
	return options_take(&taken, sizeof(taken), given, &err);
}

static void is_taken(uint64_t first, uint64_t second)
{
	assert_int_equal(taken.size, sizeof(taken));
	assert_int_equal(taken.first, first);
	assert_int_equal(taken.second, second);
}

TEST(options_of_the_same_version_are_copied)
{
	const struct present given = { sizeof(given), 1, 2 };

	assert_ok(take(&given), err);
	is_taken(1, 2);
}

TEST(without_options_all_are_zero)
{
	assert_ok(take(NULL), err);
	is_taken(0, 0);
}

TEST(options_that_an_older_caller_does_not_know_are_zero)
{
	const struct {
		struct old old;
		uint64_t else_;
	} given = { { sizeof(struct old), 1 }, 99 };

	assert_ok(take(&given), err);
	is_taken(1, 0);
}

TEST(a_newer_caller_may_set_known_options)
{
	struct later given = { sizeof(given), 1, 2, 0 };

	assert_ok(take(&given), err);
	is_taken(1, 2);
	given.third = 1;
	assert_fails(take(&given), err, SAVETOOL_USAGE,
		     "options that this version of libsavetool does not know");
}

TEST(a_size_that_is_not_set_is_refused)
{
	struct present given = { 0, 1, 2 };

	assert_fails(take(&given), err, SAVETOOL_USAGE,
		     "size of the options is not set: 0");
	given.size = 4097;
	assert_fails(take(&given), err, SAVETOOL_USAGE,
		     "size of the options is not set: 4097");
}

/* Each function has to take them so. */
TEST(every_function_looks_at_the_size)
{
	const struct savetool_convert_options convert = { 0 };
	const struct savetool_compact_options compact = { 0 };
	const struct savetool_sparsify_options sparsify = { 0 };
	const struct savetool_check_options check = { 0 };
	const struct savetool_repair_options repair = { 0 };
	const struct savetool_open_options open = { 0 };
	const struct savetool_size_options size = { 0 };
	static const char text[] = "size of the options is not set: 0";
	const struct savetool_info *info = (void *)&size;
	struct savetool_check *checked;

	assert_fails(savetool_convert(NULL, "b", &convert, NULL, NULL, &err),
		     err, SAVETOOL_USAGE, text);
	assert_fails(savetool_compact("a", NULL, &compact, NULL, NULL, &err),
		     err, SAVETOOL_USAGE, text);
	assert_fails(savetool_sparsify("a", NULL, &sparsify, NULL, NULL, &err),
		     err, SAVETOOL_USAGE, text);
	assert_fails(
		savetool_compact_copy(NULL, "b", &compact, NULL, NULL, &err),
		err, SAVETOOL_USAGE, text);
	assert_fails(
		savetool_sparsify_copy(NULL, "b", &sparsify, NULL, NULL, &err),
		err, SAVETOOL_USAGE, text);
	assert_fails(savetool_check(&checked, NULL, &check, NULL, &err), err,
		     SAVETOOL_USAGE, text);
	assert_null(checked);
	assert_fails(savetool_repair(&checked, "a", NULL, &repair, NULL, &err),
		     err, SAVETOOL_USAGE, text);
	assert_null(checked);
	assert_fails(savetool_image_open(NULL, "a", &open, NULL, &err), err,
		     SAVETOOL_USAGE, text);
	assert_fails(savetool_compact("a", &open, NULL, NULL, NULL, &err), err,
		     SAVETOOL_USAGE, text);
	assert_fails(savetool_sparsify("a", &open, NULL, NULL, NULL, &err), err,
		     SAVETOOL_USAGE, text);
	assert_fails(savetool_repair(&checked, "a", &open, NULL, NULL, &err),
		     err, SAVETOOL_USAGE, text);
	assert_fails(savetool_image_size(NULL, &size, NULL, &info, NULL, &err),
		     err, SAVETOOL_USAGE, text);
	assert_null(info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_the_same_version_are_copied),
		cmocka_unit_test(without_options_all_are_zero),
		cmocka_unit_test(
			options_that_an_older_caller_does_not_know_are_zero),
		cmocka_unit_test(a_newer_caller_may_set_known_options),
		cmocka_unit_test(a_size_that_is_not_set_is_refused),
		cmocka_unit_test(every_function_looks_at_the_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
