/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of memory depends on contents, and on nothing else. */
#include "config.h"

#include "ram/digest.h"

#include "unit/pages.h"

#include <malloc.h>

#define PAGE 4096

/* One page to put: a byte of which it is full; -1: absent. */
struct put {
	unsigned block, page;
	int byte;
};

static struct page_run run_for(const struct ram_layout *layout,
			       const struct put *put)
{
	enum page_kind kind = put->byte > 0  ? PAGE_DATA :
			      put->byte == 0 ? PAGE_ZERO :
					       PAGE_ABSENT;

	return run_of(layout, put->block, kind, put->page * PAGE, PAGE,
		      put->byte > 0 ? page_of(put->byte) : NULL);
}

static void digest_of(uint64_t digest[2], const struct ram_layout *layout,
		      bool ordered, const struct put *puts, size_t count)
{
	struct page_sink *sink;
	struct savetool_error err;

	assert_ok(digest_sink_new(&sink, layout, ordered, &err), err);
	for (size_t i = 0; i < count; i++)
		put_run(sink, run_for(layout, &puts[i]));
	assert_ok(page_sink_finish(sink, &err), err);
	digest_sink_result(sink, digest);
	page_sink_free(sink);
}

/* Are the digests of these pages equal? */
static bool same_in(const struct ram_layout *a, const struct ram_layout *b,
		    bool ordered, const struct put *left, size_t left_count,
		    const struct put *right, size_t right_count)
{
	uint64_t one[2], other[2];

	digest_of(one, a, ordered, left, left_count);
	digest_of(other, b, false, right, right_count);
	return memcmp(one, other, sizeof(one)) == 0;
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define SAME(left, right)                                                      \
	same_in(&layout, &layout, false, left, COUNT(left), right, COUNT(right))

static struct ram_layout layout;

static int open_layout(void **state)
{
	(void)state;
	layout = layout_of(PAGE, "pc.ram", KIB(64), "vga", KIB(64), NULL);
	return 0;
}

static int close_layout(void **state)
{
	(void)state;
	ram_layout_free(&layout);
	return 0;
}

TEST(order_does_not_matter)
{
	const struct put one[] = { { 0, 1, 1 }, { 0, 5, 2 }, { 1, 0, 3 } };
	const struct put other[] = { { 1, 0, 3 }, { 0, 5, 2 }, { 0, 1, 1 } };

	assert_true(SAME(one, other));
}

TEST(the_last_of_each_page_counts)
{
	const struct put one[] = { { 0, 1, 1 }, { 0, 2, 2 } };
	const struct put other[] = {
		{ 0, 2, 7 }, { 0, 1, 0 }, { 0, 1, 1 }, { 0, 2, 2 }, { 0, 1, 1 }
	};

	assert_true(SAME(one, other));
}

TEST(only_the_last_version_of_a_page_counts)
{
	const struct put one[] = { { 0, 1, 1 }, { 0, 1, 2 } };
	const struct put other[] = { { 0, 1, 2 }, { 0, 1, 1 } };

	assert_false(SAME(one, other));
}

TEST(zero_absent_and_never_sent_are_one)
{
	const struct put one[] = { { 0, 1, 1 }, { 0, 2, 0 }, { 0, 3, -1 } };
	const struct put other[] = { { 0, 2, 9 }, { 0, 1, 1 }, { 0, 2, 0 } };
	const struct put none[] = { { 0, 1, 1 } };

	assert_true(SAME(one, none));
	assert_true(SAME(other, none));
}

/* Of what malloc() has given; nothing under a sanitizer, which has its own. */
static size_t in_use(void)
{
	return mallinfo2().uordblks;
}

/* Eight bytes a page, while another sink has as many. */
TEST(hashes_kept_for_pages_are_released_with_the_result)
{
	struct ram_layout large = layout_of(PAGE, "pc.ram", KIB(1 << 20), NULL);
	struct page_sink *sink;
	struct savetool_error err;
	size_t before = in_use();
	uint64_t digest[2];

	assert_ok(digest_sink_new(&sink, &large, false, &err), err);
	for (unsigned page = 0; page < KIB(256); page += 1024) {
		struct put put = { 0, page, 1 };

		put_run(sink, run_for(&large, &put));
	}
	assert_true(before == 0 || in_use() > before + KIB(2048));
	assert_ok(page_sink_finish(sink, &err), err);
	assert_in_range(in_use(), 0, before + KIB(64));
	digest_sink_result(sink, digest);
	assert_true(digest[0] != 0);
	page_sink_free(sink);
	ram_layout_free(&large);
}

TEST(pages_in_order_need_no_memory)
{
	const struct put one[] = { { 0, 1, 1 }, { 0, 2, 0 },  { 0, 7, 2 },
				   { 1, 0, 3 }, { 1, 4, -1 }, { 1, 9, 4 } };
	const struct put other[] = {
		{ 1, 9, 4 }, { 0, 7, 2 }, { 0, 1, 1 }, { 1, 0, 3 }
	};

	assert_true(same_in(&layout, &layout, true, one, COUNT(one), other,
			    COUNT(other)));
}

TEST(contents_and_places_matter)
{
	const struct put one[] = { { 0, 1, 1 } };
	const struct put content[] = { { 0, 1, 2 } };
	const struct put place[] = { { 0, 2, 1 } };
	const struct put block[] = { { 1, 1, 1 } };
	const struct put more[] = { { 0, 1, 1 }, { 0, 2, 1 } };

	assert_false(SAME(one, content));
	assert_false(SAME(one, place));
	assert_false(SAME(one, block));
	assert_false(SAME(one, more));
}

TEST(two_pages_that_change_places_matter)
{
	const struct put one[] = { { 0, 1, 1 }, { 0, 2, 2 } };
	const struct put other[] = { { 0, 1, 2 }, { 0, 2, 1 } };

	assert_false(SAME(one, other));
}

TEST(the_order_of_blocks_does_not_matter)
{
	struct ram_layout turned =
		layout_of(PAGE, "vga", KIB(64), "pc.ram", KIB(64), NULL);
	const struct put one[] = { { 0, 1, 1 }, { 1, 2, 2 } };
	const struct put other[] = { { 1, 1, 1 }, { 0, 2, 2 } };

	assert_true(same_in(&layout, &turned, false, one, 2, other, 2));
	ram_layout_free(&turned);
}

TEST(names_and_lengths_of_blocks_matter)
{
	struct ram_layout name =
		layout_of(PAGE, "pc.ram", KIB(64), "vgb", KIB(64), NULL);
	struct ram_layout length =
		layout_of(PAGE, "pc.ram", KIB(64), "vga", KIB(68), NULL);
	const struct put one[] = { { 0, 1, 1 } };

	assert_false(same_in(&layout, &name, false, one, 1, one, 1));
	assert_false(same_in(&layout, &length, false, one, 1, one, 1));
	ram_layout_free(&name);
	ram_layout_free(&length);
}

/* All releases of savetool, on all machines, agree about an image. */
TEST(the_digest_has_a_fixed_value)
{
	const struct put one[] = { { 0, 1, 1 }, { 1, 2, 2 } };
	uint64_t digest[2];

	digest_of(digest, &layout, true, one, 2);
	assert_true(digest[0] == UINT64_C(0x1fafc19fe402ff15));
	assert_true(digest[1] == UINT64_C(0x899675bb7ecabc84));
}

TEST(no_fingerprint_is_zero)
{
	uint64_t digest[2];

	digest_of(digest, &layout, true, NULL, 0);
	assert_true(digest[0] != 0 && digest[1] != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(the_last_of_each_page_counts),
		cmocka_unit_test(only_the_last_version_of_a_page_counts),
		cmocka_unit_test(zero_absent_and_never_sent_are_one),
		cmocka_unit_test(
			hashes_kept_for_pages_are_released_with_the_result),
		cmocka_unit_test(pages_in_order_need_no_memory),
		cmocka_unit_test(contents_and_places_matter),
		cmocka_unit_test(two_pages_that_change_places_matter),
		cmocka_unit_test(the_order_of_blocks_does_not_matter),
		cmocka_unit_test(names_and_lengths_of_blocks_matter),
		cmocka_unit_test(the_digest_has_a_fixed_value),
		cmocka_unit_test(no_fingerprint_is_zero),
	};

	return cmocka_run_group_tests(tests, open_layout, close_layout);
}
