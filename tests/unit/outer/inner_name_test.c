/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FILE::NAME, split. */
#include "config.h"

#include "outer/inner_name.h"

#include "unit/scratch.h"

static void splits(const char *path, const char *file, const char *inner)
{
	struct inner_name name;
	struct savetool_error err;

	assert_ok(inner_name_split(&name, path, &err), err);
	assert_string_equal(name.file, file);
	if (inner)
		assert_string_equal(name.inner, inner);
	else
		assert_null(name.inner);
	free(name.file);
	name.file = savetool_file_of(path);
	assert_string_equal(name.file, file);
	free(name.file);
}

static void a_plain_name_stays(void **state)
{
	(void)state;
	scratch_write("a", "", 0);
	splits("a", "a", NULL);
	splits("-", "-", NULL);
	splits("missing", "missing", NULL);
}

static void a_name_in_a_file_is_split_off(void **state)
{
	(void)state;
	scratch_write("a", "", 0);
	splits("a::b", "a", "b");
	splits("a::b::c", "a", "b::c");
	splits("a::", "a", "");
	splits("a:::b", "a", ":b");
	splits("-::b", "-", "b");
	splits("missing::b", "missing::b", NULL);
}

static void a_file_of_that_very_name_comes_first(void **state)
{
	(void)state;
	scratch_write("a", "", 0);
	scratch_write("a::b", "", 0);
	splits("a::b", "a::b", NULL);
	splits("a::b::c", "a", "b::c");
	splits("x::y", "x::y", NULL);
	scratch_write("x::y", "", 0);
	splits("x::y::c", "x::y", "c");
}

static void a_uri_is_split_after_its_host(void **state)
{
	(void)state;
	scratch_write("nbd", "", 0);
	splits("nbd://[::1]/a", "nbd://[::1]/a", NULL);
	splits("nbd://[::1]:10/a::b", "nbd://[::1]:10/a", "b");
	splits("nbd://[::1]::b", "nbd://[::1]", "b");
	splits("nbd://h/a::[b]::c", "nbd://h/a", "[b]::c");
	splits("nbd://h/a::x://b", "nbd://h/a", "x://b");
	splits("nbd+unix:///?socket=s::b", "nbd+unix:///?socket=s", "b");
	splits("nbd://h/a%3A%3Ab", "nbd://h/a%3A%3Ab", NULL);
	splits("nbd://[::1", "nbd://[::1", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_plain_name_stays),
		scratch_test(a_name_in_a_file_is_split_off),
		scratch_test(a_file_of_that_very_name_comes_first),
		scratch_test(a_uri_is_split_after_its_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
