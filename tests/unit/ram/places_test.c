/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of places: what covers what. */
#include "config.h"

#include "ram/places.h"
#include "unit/check.h"

static struct ram_place place(unsigned block, uint64_t offset, uint64_t length,
			      uint64_t to)
{
	return (struct ram_place){
		.block = block,
		.offset = offset,
		.length = length,
		.to = to,
	};
}

static void assert_place(const struct ram_places *places, size_t index,
			 struct ram_place wanted)
{
	const struct ram_place *found = &places->list[index];

	assert_true(index < places->count);
	assert_int_equal(found->block, wanted.block);
	assert_int_equal(found->offset, wanted.offset);
	assert_int_equal(found->length, wanted.length);
	assert_int_equal(found->to, wanted.to);
}

/* One block of 100 from 1000 on. */
static void begin(struct ram_places *places)
{
	const struct ram_place first = place(0, 50, 100, 1000);
	struct savetool_error err;

	*places = (struct ram_places){ 0 };
	assert_int_equal(ram_places_add(places, &first, &err), 0);
}

static void what_covers_the_middle_leaves_both_ends(void **state)
{
	const struct ram_place other = place(1, 0, 20, 1030);
	struct savetool_error err;
	struct ram_places places;

	(void)state;
	begin(&places);
	assert_int_equal(ram_places_cover(&places, &other, &err), 0);
	ram_places_sort(&places);
	assert_int_equal(places.count, 3);
	assert_place(&places, 0, place(0, 50, 30, 1000));
	assert_place(&places, 1, other);
	assert_place(&places, 2, place(0, 100, 50, 1050));
	assert_int_equal(ram_places_end(&places), 1100);
	ram_places_free(&places);
}

static void what_fills_takes_only_what_is_free(void **state)
{
	const struct ram_place other = place(1, 0, 300, 900);
	struct savetool_error err;
	struct ram_places places;

	(void)state;
	begin(&places);
	assert_int_equal(ram_places_fill(&places, &other, &err), 0);
	ram_places_sort(&places);
	assert_int_equal(places.count, 3);
	assert_place(&places, 0, place(1, 0, 100, 900));
	assert_place(&places, 1, place(0, 50, 100, 1000));
	assert_place(&places, 2, place(1, 200, 100, 1100));
	ram_places_free(&places);
}

static void a_cut_takes_out_whole_places_and_edges(void **state)
{
	const struct ram_place next = place(1, 0, 100, 1100);
	struct savetool_error err;
	struct ram_places places;

	(void)state;
	begin(&places);
	assert_int_equal(ram_places_add(&places, &next, &err), 0);
	assert_int_equal(ram_places_cut(&places, 900, 250, &err), 0);
	assert_int_equal(places.count, 1);
	assert_place(&places, 0, place(1, 50, 50, 1150));
	assert_int_equal(ram_places_cut(&places, 1190, 100, &err), 0);
	assert_place(&places, 0, place(1, 50, 40, 1150));
	ram_places_free(&places);
}

static void only_what_adjoins_on_both_sides_is_joined(void **state)
{
	const struct ram_place more[] = { place(0, 150, 10, 1100),
					  place(0, 170, 10, 1110),
					  place(1, 180, 10, 1120) };
	struct savetool_error err;
	struct ram_places places;

	(void)state;
	begin(&places);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ram_places_add(&places, &more[2 - i], &err),
				 0);
	ram_places_sort(&places);
	assert_int_equal(places.count, 3);
	assert_place(&places, 0, place(0, 50, 110, 1000));
	ram_places_free(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_covers_the_middle_leaves_both_ends),
		cmocka_unit_test(what_fills_takes_only_what_is_free),
		cmocka_unit_test(a_cut_takes_out_whole_places_and_edges),
		cmocka_unit_test(only_what_adjoins_on_both_sides_is_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
