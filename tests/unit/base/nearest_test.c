/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A misspelled word: what it was meant to be, or nothing that is far away. */
#include "config.h"

#include "base/nearest.h"
#include "unit/check.h"

#include <string.h>

static const char *const commands[] = { "inspect",  "size",    "map",
					"convert",  "compact", "compare",
					"sparsify", "check",   "digest",
					NULL };
static const char *const formats[] = { "raw",    "gzip",       "bzip2", "xz",
				       "lzop",   "zstd",       "v2",    "v3",
				       "sparse", "mapped-ram", NULL };

static const char *suggest(const char *word, const char *const *known)
{
	static char text[NEAREST_TEXT];
	struct nearest nearest;
	bool found;

	nearest_begin(&nearest, word);
	for (; *known; known++)
		nearest_try(&nearest, *known);
	found = nearest_text(&nearest, "", text);
	assert_int_equal(found, *text != '\0');
	return text;
}

static void one_mistake_of_each_kind(void **state)
{
	(void)state;
	/* swapped, wrong, missing, too many */
	assert_string_equal(suggest("insepct", commands),
			    "did you mean 'inspect'?");
	assert_string_equal(suggest("inspekt", commands),
			    "did you mean 'inspect'?");
	assert_string_equal(suggest("convrt", commands),
			    "did you mean 'convert'?");
	assert_string_equal(suggest("diggest", commands),
			    "did you mean 'digest'?");
	assert_string_equal(suggest("mpa", commands), "did you mean 'map'?");
	assert_string_equal(suggest("rwa", formats), "did you mean 'raw'?");
}

static void longer_words_may_have_more_mistakes(void **state)
{
	(void)state;
	assert_string_equal(suggest("bz2", formats), "did you mean 'bzip2'?");
	assert_string_equal(suggest("sprasfiy", commands),
			    "did you mean 'sparsify'?");
	assert_string_equal(suggest("mappedrma", formats),
			    "did you mean 'mapped-ram'?");
}

static void capitals_are_no_mistake(void **state)
{
	(void)state;
	assert_string_equal(suggest("RAW", formats), "did you mean 'raw'?");
	assert_string_equal(suggest("Insepct", commands),
			    "did you mean 'inspect'?");
}

static void an_abbreviation_is_that_word(void **state)
{
	(void)state;
	assert_string_equal(suggest("i", commands), "did you mean 'inspect'?");
	assert_string_equal(suggest("spars", commands),
			    "did you mean 'sparsify'?");
	assert_string_equal(suggest("zst", formats), "did you mean 'zstd'?");
}

static void two_that_are_equally_near_are_both_named(void **state)
{
	(void)state;
	assert_string_equal(suggest("comp", commands),
			    "did you mean 'compact' or 'compare'?");
	assert_string_equal(suggest("v", formats),
			    "did you mean 'v2' or 'v3'?");
}

static void three_are_too_many(void **state)
{
	(void)state;
	assert_string_equal(suggest("c", commands), "");
	assert_string_equal(suggest("co", commands), "");
}

static void what_is_far_away_is_not_suggested(void **state)
{
	char long_word[4096];

	(void)state;
	assert_string_equal(suggest("qcow2", formats), "");
	assert_string_equal(suggest("tar", formats), "");
	assert_string_equal(suggest("info", commands), "");
	assert_string_equal(suggest("guest.save", commands), "");
	assert_string_equal(suggest("", commands), "");
	memset(long_word, 'i', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_string_equal(suggest(long_word, commands), "");
}

static void each_word_has_the_prefix(void **state)
{
	struct nearest nearest;
	char text[NEAREST_TEXT];

	(void)state;
	nearest_begin(&nearest, "for");
	nearest_try(&nearest, "force");
	nearest_try(&nearest, "form");
	assert_true(nearest_text(&nearest, "--", text));
	assert_string_equal(text, "did you mean '--force' or '--form'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mistake_of_each_kind),
		cmocka_unit_test(longer_words_may_have_more_mistakes),
		cmocka_unit_test(capitals_are_no_mistake),
		cmocka_unit_test(an_abbreviation_is_that_word),
		cmocka_unit_test(two_that_are_equally_near_are_both_named),
		cmocka_unit_test(three_are_too_many),
		cmocka_unit_test(what_is_far_away_is_not_suggested),
		cmocka_unit_test(each_word_has_the_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
