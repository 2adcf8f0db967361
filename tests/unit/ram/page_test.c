/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs that are joined, and split where zero pages start and end. */
#include "config.h"

#include "unit/pages.h"

#define PAGE 4096

static struct page_batch batch, parted;
static struct page_log sink;
static uint8_t pages[8 * PAGE];

/* What one batch is, in words. */
static const char *told(const struct page_batch *of)
{
	struct savetool_error err;

	page_log_init(&sink);
	assert_ok(page_log_put(&sink.base, of, &err), err);
	return sink.text;
}

static void add(const struct ram_layout *layout, enum page_kind kind,
		uint64_t page, unsigned count, const void *data)
{
	struct page_run run = run_of(layout, 0, kind, page * PAGE,
				     (uint64_t)count * PAGE, data);

	page_batch_add(&batch, &run);
}

static struct ram_layout start(void)
{
	batch.count = parted.count = 0;
	memset(pages, 0, sizeof(pages));
	return layout_of(PAGE, "pc.ram", KIB(64), "vga", KIB(64), NULL);
}

TEST(runs_that_adjoin_become_one)
{
	struct ram_layout layout = start();

	add(&layout, PAGE_DATA, 0, 1, pages);
	add(&layout, PAGE_DATA, 1, 2, pages + PAGE);
	add(&layout, PAGE_ZERO, 3, 1, NULL);
	add(&layout, PAGE_ZERO, 4, 1, NULL);
	add(&layout, PAGE_ABSENT, 5, 1, NULL);
	add(&layout, PAGE_ABSENT, 6, 2, NULL);
	assert_string_equal(told(&batch), "data pc.ram+0x0 12288\n"
					  "zero pc.ram+0x3000 8192\n"
					  "absent pc.ram+0x5000 12288\n");
	ram_layout_free(&layout);
}

TEST(data_from_elsewhere_is_a_run_of_its_own)
{
	struct ram_layout layout = start();

	add(&layout, PAGE_DATA, 0, 1, pages);
	add(&layout, PAGE_DATA, 1, 1, pages + 2 * PAGE);
	assert_string_equal(told(&batch), "data pc.ram+0x0 4096\n"
					  "data pc.ram+0x1000 4096\n");
	ram_layout_free(&layout);
}

TEST(runs_that_do_not_adjoin_stay_apart)
{
	struct ram_layout layout = start();
	struct page_run other =
		run_of(&layout, 1, PAGE_ZERO, 2 * PAGE, PAGE, NULL);

	add(&layout, PAGE_ZERO, 0, 1, NULL);
	add(&layout, PAGE_ZERO, 0, 1, NULL);
	add(&layout, PAGE_ZERO, 1, 1, NULL);
	page_batch_add(&batch, &other);
	assert_string_equal(told(&batch), "zero pc.ram+0x0 4096\n"
					  "zero pc.ram+0x0 8192\n"
					  "zero vga+0x2000 4096\n");
	ram_layout_free(&layout);
}

TEST(deltas_never_grow_together)
{
	struct ram_layout layout = start();

	add(&layout, PAGE_DELTA, 0, 1, pages);
	add(&layout, PAGE_DELTA, 1, 1, pages + PAGE);
	assert_int_equal(batch.count, 2);
	ram_layout_free(&layout);
}

TEST(stored_zeros_and_others_stay_apart)
{
	struct ram_layout layout = start();

	add(&layout, PAGE_ZERO, 0, 1, pages);
	add(&layout, PAGE_ZERO, 1, 1, NULL);
	assert_string_equal(told(&batch), "stored zero pc.ram+0x0 4096\n"
					  "zero pc.ram+0x1000 4096\n");
	ram_layout_free(&layout);
}

TEST(zero_pages_become_runs_without_data)
{
	struct ram_layout layout = start();

	pages[2 * PAGE] = 1;
	pages[4 * PAGE - 1] = 1;
	add(&layout, PAGE_DATA, 4, 5, pages);
	page_batch_part(&parted, &batch, PAGE);
	assert_string_equal(told(&parted), "stored zero pc.ram+0x4000 8192\n"
					   "data pc.ram+0x6000 8192\n"
					   "stored zero pc.ram+0x8000 4096\n");
	assert_ptr_equal(parted.runs[1].data, pages + 2 * PAGE);
	ram_layout_free(&layout);
}

TEST(all_data_stays_one_run)
{
	struct ram_layout layout = start();

	memset(pages, 1, sizeof(pages));
	add(&layout, PAGE_DATA, 0, 8, pages);
	page_batch_part(&parted, &batch, PAGE);
	assert_string_equal(told(&parted), "data pc.ram+0x0 32768\n");
	ram_layout_free(&layout);
}

TEST(larger_pages_are_looked_at_as_a_whole)
{
	struct ram_layout layout = start();

	layout.page_size = 2 * PAGE;
	pages[3 * PAGE] = 1;
	add(&layout, PAGE_DATA, 0, 8, pages);
	page_batch_part(&parted, &batch, layout.page_size);
	assert_string_equal(told(&parted), "stored zero pc.ram+0x0 8192\n"
					   "data pc.ram+0x2000 8192\n"
					   "stored zero pc.ram+0x4000 16384\n");
	ram_layout_free(&layout);
}

TEST(other_kinds_pass_as_they_are)
{
	struct ram_layout layout = start();

	add(&layout, PAGE_ABSENT, 0, 1, NULL);
	add(&layout, PAGE_DELTA, 1, 1, pages);
	add(&layout, PAGE_ZERO, 2, 3, NULL);
	page_batch_part(&parted, &batch, PAGE);
	assert_string_equal(told(&parted), "absent pc.ram+0x0 4096\n"
					   "delta pc.ram+0x1000 4096\n"
					   "zero pc.ram+0x2000 12288\n");
	ram_layout_free(&layout);
}

/* A source's fullest batch, of a chunk whose pages are zero in turn. */
TEST(the_most_runs_there_can_be_fit)
{
	struct ram_layout layout = { .page_size = RAM_PAGE_LEAST };
	const unsigned count = CHUNK_SIZE / RAM_PAGE_LEAST;
	uint8_t *chunk = calloc(1, CHUNK_SIZE);
	struct page_run run;
	struct savetool_error err;

	batch.count = parted.count = 0;
	assert_ok(ram_layout_add(&layout, "pc.ram", UINT64_C(64) << 20, &err),
		  err);
	for (unsigned i = 0; i < count; i += 2)
		chunk[i * RAM_PAGE_LEAST] = 1;
	run = run_of(&layout, 0, PAGE_DATA, 0, CHUNK_SIZE, chunk);
	page_batch_add(&batch, &run);
	for (unsigned i = 1; i < BATCH_SOURCE_RUNS; i++) {
		run = run_of(&layout, 0, PAGE_ZERO,
			     CHUNK_SIZE + 2 * i * UINT64_C(1024), 1024, NULL);
		page_batch_add(&batch, &run);
	}
	assert_int_equal(batch.count, BATCH_SOURCE_RUNS);
	page_batch_part(&parted, &batch, RAM_PAGE_LEAST);
	assert_true(parted.count <= BATCH_RUNS);
	assert_int_equal(parted.count, count + BATCH_SOURCE_RUNS - 1);
	ram_layout_free(&layout);
	free(chunk);
}

TEST(chunks_are_shared_and_released)
{
	struct ram_layout layout = start();
	struct chunk_pool *pool;
	struct savetool_error err;

	assert_ok(chunk_pool_new(&pool, 2, &err), err);
	batch.chunks[0] = chunk_take(pool);
	batch.chunks[1] = chunk_take(pool);
	batch.progress = 77;
	page_batch_part(&parted, &batch, PAGE);
	assert_int_equal(parted.progress, 77);
	assert_ptr_equal(parted.chunks[1], batch.chunks[1]);
	assert_int_equal(parted.chunks[0]->users, 2);
	page_batch_clear(&batch);
	assert_null(batch.chunks[0]);
	assert_int_equal(parted.chunks[0]->users, 1);
	page_batch_clear(&parted);
	/* Would wait for ever if one had been kept. */
	chunk_put(chunk_take(pool));
	chunk_pool_free(pool);
	ram_layout_free(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_that_adjoin_become_one),
		cmocka_unit_test(data_from_elsewhere_is_a_run_of_its_own),
		cmocka_unit_test(runs_that_do_not_adjoin_stay_apart),
		cmocka_unit_test(deltas_never_grow_together),
		cmocka_unit_test(stored_zeros_and_others_stay_apart),
		cmocka_unit_test(zero_pages_become_runs_without_data),
		cmocka_unit_test(all_data_stays_one_run),
		cmocka_unit_test(larger_pages_are_looked_at_as_a_whole),
		cmocka_unit_test(other_kinds_pass_as_they_are),
		cmocka_unit_test(the_most_runs_there_can_be_fit),
		cmocka_unit_test(chunks_are_shared_and_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
