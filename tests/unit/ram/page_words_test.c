/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words per page: what was set is found, and nothing else uses memory. */
#include "config.h"

#include "ram/page_words.h"

#include "unit/check.h"

TEST(words_that_were_set_are_found_in_order)
{
	const uint64_t pages[] = { 0, 4095, 4096, 1000000, 1000003 };
	struct page_words words;
	uint64_t at = 0;

	assert_true(page_words_init(&words, 1000004));
	assert_int_equal(page_words_find(&words, 0), 1000004);
	for (unsigned i = 5; i-- > 0;)
		assert_true(page_words_set(&words, pages[i], i + 1));
	for (unsigned i = 0; i < 5; i++) {
		at = page_words_find(&words, at);
		assert_int_equal(at, pages[i]);
		assert_int_equal(page_words_get(&words, at++), i + 1);
	}
	assert_int_equal(page_words_find(&words, at), 1000004);
	assert_true(page_words_set(&words, 4096, 0));
	assert_int_equal(page_words_find(&words, 4096), 1000000);
	page_words_free(&words);
}

TEST(pages_without_a_word_take_no_memory)
{
	struct page_words words;

	assert_true(page_words_init(&words, UINT64_C(1) << 32));
	assert_true(page_words_set(&words, 1 << 20, 0));
	for (uint64_t i = 0; i < UINT64_C(1) << 20; i++)
		assert_null(words.groups[i]);
	page_words_free(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_were_set_are_found_in_order),
		cmocka_unit_test(pages_without_a_word_take_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
