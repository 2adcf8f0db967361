/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Data in the slots of absent pages: how much of it is read, and by which
 * caller.
 */
#include "config.h"

#include "image/allocation.h"

#include "base/error.h"

#include "unit/check.h"

#define PAGE 4096
#define WORDS 256
#define BITMAP_SIZE (WORDS * 8)
#define LENGTH ((uint64_t)BITMAP_SIZE * 8 * PAGE)
#define BASE (UINT64_C(1) << 20)

/* Zeros but for one byte; no hole but for a part of the first bitmap. */
struct fake {
	struct input base;
	uint64_t data; /* where that byte is */
	struct lost_extent hole;
	uint64_t read; /* bytes */
};

static ssize_t fake_read(struct input *in, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	struct fake *fake = (struct fake *)in;

	(void)err;
	memset(data, 0, size);
	if (fake->data >= offset && fake->data < offset + size)
		((uint8_t *)data)[fake->data - offset] = 1;
	fake->read += size;
	return size;
}

static int fake_extent(struct input *in, uint64_t offset, struct extent *extent,
		       struct savetool_error *err)
{
	const struct lost_extent *hole = &((struct fake *)in)->hole;
	uint64_t end = in->size;

	(void)err;
	*extent = (struct extent){ .offset = offset };
	if (offset < hole->offset) {
		end = hole->offset;
	} else if (offset < hole->offset + hole->length) {
		end = hole->offset + hole->length;
		extent->hole = true;
	}
	extent->length = end - offset;
	return 0;
}

static const struct input_ops fake_ops = {
	.read_at = fake_read,
	.extent = fake_extent,
};

/* A guest of two blocks, of which the second is never empty. */
static uint8_t bits[2][BITMAP_SIZE];
static struct ram_block blocks[2];
static struct mapped_header headers[2];
static struct bitmap bitmaps[2];
static struct fake fake;
static struct savetool_image image;
static struct pass pass;

static int setup(void **state)
{
	(void)state;
	memset(bits, 0, sizeof(bits));
	bits[1][0] = 1;
	for (unsigned i = 0; i < 2; i++) {
		bitmaps[i] = (struct bitmap){ bits[i], BITMAP_SIZE,
					      BITMAP_SIZE * 8 };
		blocks[i] = (struct ram_block){ .length = LENGTH };
		headers[i] = (struct mapped_header){
			.bitmap_offset = i * BITMAP_SIZE,
			.pages_offset = BASE + i * LENGTH,
		};
	}
	fake = (struct fake){
		.base = { .ops = &fake_ops,
			  .size = BASE + 2 * LENGTH,
			  .seekable = true },
	};
	image = (struct savetool_image){ .big_endian = false };
	pass = (struct pass){
		.image = &image,
		.in = &fake.base,
		.stream.ram = { .layout = { .page_size = PAGE,
					    .length = 2 * LENGTH,
					    .count = 2,
					    .blocks = blocks },
				.mapped = true,
				.headers = headers },
		.bitmaps = bitmaps,
		.bitmap_count = 2,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(pass.clear_data);
	return 0;
}

static const struct clear_data *ask(void)
{
	const struct clear_data *clear_data;
	struct savetool_error err;

	assert_ok(allocation_clear_data(&clear_data, &pass, NULL, &err), err);
	return clear_data;
}

TEST(zeros_are_read_once)
{
	fake.hole.length = BITMAP_SIZE;
	for (int i = 0; i < 2; i++) {
		const struct clear_data *clear_data = ask();

		assert_false(clear_data[0].emptied);
		assert_false(clear_data[1].emptied);
		assert_int_equal(clear_data[0].lost_count, 0);
		assert_int_equal(fake.read, LENGTH);
	}
}

TEST(the_first_data_ends_the_search)
{
	const struct clear_data *clear_data;

	fake.data = BASE + LENGTH / 2;
	clear_data = ask();
	assert_true(clear_data[0].emptied);
	assert_int_equal(clear_data[0].lost_count, 0);
	assert_in_range(fake.read, LENGTH / 2 + 1, LENGTH / 2 + PAGE * 16);
}

TEST(slots_found_to_be_zero_are_not_read_again_for_a_hole)
{
	const struct clear_data *clear_data;

	fake.data = BASE + LENGTH / 2;
	fake.hole = (struct lost_extent){ 0, BITMAP_SIZE };
	clear_data = ask();
	assert_true(clear_data[0].emptied);
	assert_int_equal(clear_data[0].lost_count, 1);
	assert_int_equal(clear_data[0].lost_bytes, BITMAP_SIZE);
	assert_in_range(fake.read, LENGTH / 2 + 1, LENGTH / 2 + 2 * PAGE * 16);
}

TEST(a_hole_in_a_bitmap_is_lost_only_if_its_slots_hold_data)
{
	const struct clear_data *clear_data;

	bits[0][0] = 0xff;
	fake.hole = (struct lost_extent){ 1024, 100 };
	fake.data = BASE + 1123 * 8 * PAGE;
	clear_data = ask();
	assert_false(clear_data[0].emptied);
	assert_int_equal(clear_data[0].lost_count, 1);
	assert_int_equal(clear_data[0].lost[0].offset, 1024);
	assert_int_equal(clear_data[0].lost[0].length, 100);
	teardown(NULL);
	setup(NULL);
	bits[0][0] = 0xff;
	fake.hole = (struct lost_extent){ 1024, 100 };
	fake.data = BASE + 1124 * 8 * PAGE;
	assert_int_equal(ask()[0].lost_count, 0);
}

TEST(bytes_of_a_big_endian_word_change_places)
{
	const struct clear_data *clear_data;

	image.big_endian = true;
	bits[0][0] = 0xff;
	fake.hole = (struct lost_extent){ 1024, 100 };
	fake.data = BASE + 1124 * 8 * PAGE;
	clear_data = ask();
	assert_int_equal(clear_data[0].lost_count, 1);
}

TEST(a_prefilled_block_may_be_empty)
{
	blocks[0].prefilled = true;
	fake.data = BASE;
	assert_false(ask()[0].emptied);
	assert_int_equal(fake.read, 0);
	bits[1][0] = 0;
	free(pass.clear_data);
	pass.clear_data = NULL;
	assert_true(ask()[0].emptied);
}

/* Stops once so much was reported. */
struct listener {
	uint64_t stop, done, total;
	unsigned calls;
};

static int listen(void *data, uint64_t done, uint64_t total)
{
	struct listener *listener = data;

	assert_true(done > listener->done && done <= total);
	listener->done = done;
	listener->total = total;
	listener->calls++;
	return done >= listener->stop;
}

TEST(a_monitor_receives_the_progress_and_stops_the_search)
{
	struct listener listener = { .stop = LENGTH / 2 };
	const struct savetool_monitor monitor = { listen, &listener, NULL };
	const struct clear_data *clear_data = NULL;
	struct savetool_error err;

	assert_fails(allocation_clear_data(&clear_data, &pass, &monitor, &err),
		     err, SAVETOOL_CANCELLED, "interrupted");
	assert_int_equal(listener.total, 2 * LENGTH);
	assert_int_equal(fake.read, LENGTH / 2);
	assert_null(pass.clear_data);
	listener = (struct listener){ .stop = UINT64_MAX };
	assert_ok(allocation_clear_data(&clear_data, &pass, &monitor, &err),
		  err);
	assert_int_equal(listener.calls, LENGTH / (4 << 20));
}

TEST(a_shared_block_has_no_storage_in_the_file)
{
	struct block_allocation block;
	struct savetool_error err;

	headers[1].pages_offset = 0;
	assert_ok(allocation_of_block(&block, &pass, 1, &err), err);
	assert_int_equal(block.present, 1);
	assert_int_equal(block.stale_bytes, 0);
	assert_int_equal(block.lost_bytes, 0);
}

TEST(the_total_is_that_of_all_blocks)
{
	struct allocation total;
	struct savetool_error err;

	bits[0][0] = 3;
	fake.hole = (struct lost_extent){ BASE, PAGE };
	assert_ok(allocation_total(&total, &pass, &err), err);
	assert_int_equal(total.lost_bytes, PAGE);
	assert_int_equal(total.copied_bytes, 0);
	assert_int_equal(total.stale_bytes, 2 * LENGTH - 3 * PAGE);
}

static void fill_block(unsigned index)
{
	memset(bits[index], 0xff, BITMAP_SIZE);
}

static struct allocation add_up(struct block_allocation block[2])
{
	struct allocation total;
	struct savetool_error err;

	for (unsigned i = 0; i < 2; i++)
		assert_ok(allocation_of_block(&block[i], &pass, i, &err), err);
	assert_ok(allocation_total(&total, &pass, &err), err);
	return total;
}

TEST(a_copy_leaves_out_zeros_of_a_block_that_keeps_them)
{
	struct block_allocation block[2];
	struct allocation total;

	blocks[1].prefilled = true;
	fill_block(1);
	fake.hole = (struct lost_extent){ BASE + LENGTH, 3 * PAGE };
	total = add_up(block);
	assert_true(total.keeps_zeros);
	assert_int_equal(total.copied_bytes, 3 * PAGE);
	assert_int_equal(total.lost_bytes, 0);
	assert_true(allocation_is_copied(&total, &block[1]));
	assert_false(allocation_is_copied(&total, &block[0]));

	/* With an absent page, it keeps no zeros. */
	bits[1][BITMAP_SIZE - 1] = 0;
	total = add_up(block);
	assert_false(total.keeps_zeros);
	assert_int_equal(total.copied_bytes, 0);
	assert_int_equal(total.lost_bytes, 3 * PAGE);
	assert_false(allocation_is_copied(&total, &block[1]));
	assert_false(allocation_may_be_zero(&total, &block[1]));
}

TEST(what_takes_memory_takes_other_pages_too)
{
	struct block_allocation block[2];
	struct allocation total;

	blocks[1].prefilled = true;
	fill_block(1);
	bits[0][BITMAP_SIZE - 1] = 0x80;
	fake.hole = (struct lost_extent){ BASE + LENGTH - PAGE, 4 * PAGE };
	total = add_up(block);
	assert_int_equal(total.lost_bytes, 4 * PAGE);
	assert_int_equal(total.copied_bytes, 0);
	assert_false(allocation_is_copied(&total, &block[1]));
	assert_false(allocation_may_be_zero(&total, &block[0]));

	/* Nobody looked for zero pages, so nobody knows. */
	fill_block(0);
	total = add_up(block);
	assert_int_equal(total.lost_bytes, 4 * PAGE);
	assert_true(allocation_may_be_zero(&total, &block[0]));
	assert_true(allocation_may_be_zero(&total, &block[1]));
}

#define survey_case(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		survey_case(zeros_are_read_once),
		survey_case(a_shared_block_has_no_storage_in_the_file),
		survey_case(the_total_is_that_of_all_blocks),
		survey_case(a_copy_leaves_out_zeros_of_a_block_that_keeps_them),
		survey_case(what_takes_memory_takes_other_pages_too),
		survey_case(the_first_data_ends_the_search),
		survey_case(
			slots_found_to_be_zero_are_not_read_again_for_a_hole),
		survey_case(
			a_hole_in_a_bitmap_is_lost_only_if_its_slots_hold_data),
		survey_case(bytes_of_a_big_endian_word_change_places),
		survey_case(a_prefilled_block_may_be_empty),
		survey_case(
			a_monitor_receives_the_progress_and_stops_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
