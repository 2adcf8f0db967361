/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages in their slots: no hole is ever read, adjoining pages are written at
 * once, and the bitmap says what is present.
 */
#include "config.h"

#include "format/mapped.h"

#include "unit/pages.h"
#include "unit/recorder.h"

#define PAGE 4096
#define SLOTS 8192 /* of the first block */
#define VGA 40960  /* slots of the second, which is prefilled */
#define BITMAP 64
#define VGA_BITMAP 128

/* A file of bytes and holes that writes down what is read from it. */
struct holey {
	struct input base;
	uint8_t bytes[1 << 17];
	struct {
		uint64_t start, end;
	} holes[4]; /* in order; all zero: no more */
	char log[4096];
	unsigned looks; /* at extents */
};

static ssize_t holey_read_at(struct input *in, void *data, size_t size,
			     uint64_t offset, struct savetool_error *err)
{
	struct holey *file = (struct holey *)in;
	size_t used = strlen(file->log);

	(void)err;
	if (offset >= in->size)
		return 0;
	if (size > in->size - offset)
		size = in->size - offset;
	memcpy(data, file->bytes + offset, size);
	snprintf(file->log + used, sizeof(file->log) - used, "%zu at %llu\n",
		 size, (unsigned long long)offset);
	return size;
}

static int holey_extent(struct input *in, uint64_t offset,
			struct extent *extent, struct savetool_error *err)
{
	struct holey *file = (struct holey *)in;
	uint64_t end = in->size;
	bool hole = false;

	(void)err;
	file->looks++;
	for (unsigned i = 0; i < 4 && file->holes[i].end; i++) {
		if (offset < file->holes[i].start) {
			end = file->holes[i].start;
			break;
		}
		if (offset < file->holes[i].end) {
			end = file->holes[i].end;
			hole = true;
			break;
		}
	}
	*extent = (struct extent){ offset, end - offset, hole };
	return 0;
}

static void holey_close(struct input *in)
{
	(void)in;
}

static struct holey file;

static void open_holey(uint64_t size)
{
	static const struct input_ops ops = {
		.read_at = holey_read_at,
		.extent = holey_extent,
		.close = holey_close,
	};

	memset(&file, 0, sizeof(file));
	file.base.ops = &ops;
	file.base.size = size;
	file.base.seekable = true;
	for (size_t i = 0; i < sizeof(file.bytes); i++)
		file.bytes[i] = 1 + i / PAGE;
}

/* Two blocks: 8 pages of RAM, and 4 that are prefilled. */
struct blocks {
	struct ram_list list;
	struct mapped_header headers[2];
	struct bitmap bitmaps[2];
};

static void open_blocks(struct blocks *blocks)
{
	*blocks = (struct blocks){ 0 };
	blocks->list.layout =
		layout_of(PAGE, "pc.ram", KIB(32), "vga.vram", KIB(16), NULL);
	blocks->list.mapped = true;
	blocks->list.headers = blocks->headers;
	blocks->headers[0].bitmap_offset = BITMAP;
	blocks->headers[0].pages_offset = SLOTS;
	blocks->headers[1].bitmap_offset = VGA_BITMAP;
	blocks->headers[1].pages_offset = VGA;
	assert_true(bitmap_init(&blocks->bitmaps[0], 8));
	assert_true(bitmap_init(&blocks->bitmaps[1], 4));
}

static void close_blocks(struct blocks *blocks)
{
	bitmap_free(&blocks->bitmaps[0]);
	bitmap_free(&blocks->bitmaps[1]);
	ram_layout_free(&blocks->list.layout);
}

/* All that a source has, in words; a data run must have the file's bytes. */
static const char *source_text(struct blocks *blocks)
{
	static struct page_batch batch;
	static struct page_log log;
	struct mapped_source source;
	struct chunk_pool *pool;
	struct savetool_error err;
	int more;

	page_log_init(&log);
	assert_ok(chunk_pool_new(&pool, 2, &err), err);
	mapped_source_init(&source, &blocks->list, blocks->bitmaps, &file.base,
			   pool);
	assert_int_equal(source.base.total, KIB(48));
	while ((more = source.base.ops->next(&source.base, &batch, &err)) > 0) {
		for (unsigned i = 0; i < batch.count; i++) {
			const struct page_run *run = &batch.runs[i];

			if (run->kind == PAGE_DATA)
				assert_memory_equal(
					run->data,
					file.bytes + run->offset +
						blocks->headers[run->block
									->index]
							.pages_offset,
					run->length);
		}
		assert_ok(page_log_put(&log.base, &batch, &err), err);
		page_batch_clear(&batch);
	}
	assert_int_equal(more, 0);
	chunk_pool_free(pool);
	return log.text;
}

TEST(clear_bits_are_absent_and_not_read)
{
	struct blocks blocks;

	open_holey(VGA + KIB(16));
	open_blocks(&blocks);
	assert_string_equal(source_text(&blocks),
			    "absent pc.ram+0x0 32768\n"
			    "absent vga.vram+0x0 16384\n");
	assert_string_equal(file.log, "");
	close_blocks(&blocks);
}

TEST(set_bits_are_read_in_one_go)
{
	struct blocks blocks;

	open_holey(VGA + KIB(16));
	open_blocks(&blocks);
	bitmap_set_range(&blocks.bitmaps[0], 2, 5);
	bitmap_set_range(&blocks.bitmaps[1], 3, 1);
	assert_string_equal(source_text(&blocks),
			    "absent pc.ram+0x0 8192\n"
			    "data pc.ram+0x2000 20480\n"
			    "absent pc.ram+0x7000 4096\n"
			    "absent vga.vram+0x0 12288\n"
			    "data vga.vram+0x3000 4096\n");
	assert_string_equal(file.log, "20480 at 16384\n4096 at 53248\n");
	close_blocks(&blocks);
}

TEST(a_hole_under_set_bits_is_not_read)
{
	struct blocks blocks;

	open_holey(VGA + KIB(16));
	open_blocks(&blocks);
	bitmap_set_range(&blocks.bitmaps[0], 0, 8);
	file.holes[0].start = SLOTS + 2 * PAGE;
	file.holes[0].end = SLOTS + 5 * PAGE;
	assert_string_equal(source_text(&blocks),
			    "data pc.ram+0x0 8192\n"
			    "zero pc.ram+0x2000 12288\n"
			    "data pc.ram+0x5000 12288\n"
			    "absent vga.vram+0x0 16384\n");
	assert_string_equal(file.log, "8192 at 8192\n12288 at 28672\n");
	close_blocks(&blocks);
}

/* Where blocks of the file system are smaller than pages, or elsewhere. */
TEST(a_hole_that_covers_half_a_page_is_read_with_it)
{
	struct blocks blocks;

	open_holey(VGA + KIB(16));
	open_blocks(&blocks);
	bitmap_set_range(&blocks.bitmaps[0], 0, 8);
	file.holes[0].start = SLOTS + 2 * PAGE + 1024;
	file.holes[0].end = SLOTS + 5 * PAGE + 512;
	assert_string_equal(source_text(&blocks),
			    "data pc.ram+0x0 12288\n"
			    "zero pc.ram+0x3000 8192\n"
			    "data pc.ram+0x5000 12288\n"
			    "absent vga.vram+0x0 16384\n");
	close_blocks(&blocks);
}

TEST(extents_are_not_looked_up_for_each_page)
{
	struct blocks blocks;

	open_holey(VGA + KIB(16));
	open_blocks(&blocks);
	for (unsigned i = 0; i < 8; i += 2)
		bitmap_set_range(&blocks.bitmaps[0], i, 1);
	source_text(&blocks);
	assert_int_equal(file.looks, 1);
	close_blocks(&blocks);
}

static int read_bitmap(struct bitmap *bitmap, struct blocks *blocks,
		       bool big_endian, struct savetool_error *err)
{
	return mapped_read_bitmap(bitmap, &file.base, &blocks->list, 0,
				  big_endian, false, err);
}

TEST(bitmaps_are_read_in_either_byte_order)
{
	struct blocks blocks;
	struct bitmap bitmap;
	struct savetool_error err;

	for (unsigned big = 0; big < 2; big++) {
		open_holey(sizeof(file.bytes));
		open_blocks(&blocks);
		memset(file.bytes + BITMAP, 0, 8);
		file.bytes[BITMAP + (big ? 7 : 0)] = 0x81;
		assert_ok(read_bitmap(&bitmap, &blocks, big, &err), err);
		assert_true(bitmap_get(&bitmap, 0));
		assert_true(bitmap_get(&bitmap, 7));
		assert_int_equal(bitmap_count(&bitmap, 0, 8), 2);
		bitmap_free(&bitmap);
		close_blocks(&blocks);
	}
}

TEST(pages_beyond_the_end_are_incomplete)
{
	struct blocks blocks;
	struct bitmap bitmap;
	struct savetool_error err;

	open_holey(SLOTS + 3 * PAGE + 1);
	open_blocks(&blocks);
	memset(file.bytes + BITMAP, 0, 8);
	file.bytes[BITMAP] = 0x27;
	assert_fails(
		read_bitmap(&bitmap, &blocks, false, &err), err,
		SAVETOOL_INCOMPLETE,
		"1 pages are beyond the end of the image (block 'pc.ram', at "
		"byte 20481)");
	file.bytes[BITMAP] = 0x07;
	assert_ok(read_bitmap(&bitmap, &blocks, false, &err), err);
	bitmap_free(&bitmap);
	close_blocks(&blocks);
}

TEST(a_bitmap_beyond_the_end_is_incomplete)
{
	struct blocks blocks;
	struct bitmap bitmap;
	struct savetool_error err;

	open_holey(BITMAP + 7);
	open_blocks(&blocks);
	assert_int_equal(read_bitmap(&bitmap, &blocks, false, &err), -1);
	assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	close_blocks(&blocks);
}

/* A recorder that also reads back and punches. */
static struct recorder recorder;

static int recorder_read_at(struct output *out, void *data, size_t size,
			    uint64_t offset, struct savetool_error *err)
{
	(void)err;
	recorder_log((struct recorder *)out, "read", size, offset);
	memcpy(data, ((struct recorder *)out)->bytes + offset, size);
	return 0;
}

static int recorder_punch(struct output *out, uint64_t offset, uint64_t length,
			  struct savetool_error *err)
{
	(void)err;
	recorder_log((struct recorder *)out, "punch", length, offset);
	memset(((struct recorder *)out)->bytes + offset, 0, length);
	return 0;
}

struct writing {
	struct blocks blocks;
	struct page_sink *sink;
	struct page_batch batch;
};

static struct writing writing;

static void open_sink(bool big_endian)
{
	static struct output_ops ops;
	struct savetool_error err;

	recorder_init(&recorder, true);
	ops = *recorder.base.ops;
	ops.read_at = recorder_read_at;
	ops.punch = recorder_punch;
	recorder.base.ops = &ops;
	open_blocks(&writing.blocks);
	writing.batch.count = 0;
	assert_ok(mapped_sink_new(&writing.sink, &recorder.base,
				  &writing.blocks.list.layout,
				  writing.blocks.headers, big_endian, NULL,
				  &err),
		  err);
}

static void add(unsigned block, enum page_kind kind, unsigned page,
		unsigned count, const void *data)
{
	struct page_run run = run_of(&writing.blocks.list.layout, block, kind,
				     page * PAGE, count * PAGE, data);

	page_batch_add(&writing.batch, &run);
}

static void add_delta(unsigned block, unsigned page, const void *delta,
		      size_t size)
{
	struct page_run run = run_of(&writing.blocks.list.layout, block,
				     PAGE_DELTA, page * PAGE, PAGE, delta);

	run.delta_size = size;
	page_batch_add(&writing.batch, &run);
}

static int put_batch(struct savetool_error *err)
{
	int result = writing.sink->ops->put(writing.sink, &writing.batch, err);

	writing.batch.count = 0;
	return result;
}

static void puts_batch(void)
{
	struct savetool_error err;

	assert_ok(put_batch(&err), err);
}

/* What was written, in words; the bitmaps come last, one write each. */
static void wrote(const char *pages)
{
	struct savetool_error err;
	char *expected;

	assert_ok(page_sink_finish(writing.sink, &err), err);
	assert_true(asprintf(&expected, "%swrite 8 at 64\nwrite 8 at 128\n",
			     pages) > 0);
	assert_string_equal(recorder.log, expected);
	free(expected);
}

static void close_sink(void)
{
	page_sink_free(writing.sink);
	close_blocks(&writing.blocks);
}

static void holds(unsigned page, uint8_t byte)
{
	assert_memory_equal(recorder.bytes + SLOTS + page * PAGE, page_of(byte),
			    PAGE);
}

TEST(nothing_writes_empty_bitmaps)
{
	open_sink(false);
	puts_batch();
	wrote("");
	assert_memory_equal(recorder.bytes + BITMAP, "\0\0\0\0\0\0\0\0", 8);
	close_sink();
}

TEST(pages_that_adjoin_are_written_in_one_call)
{
	open_sink(false);
	add(0, PAGE_DATA, 1, 1, page_of(1));
	add(0, PAGE_DATA, 2, 1, page_of(9));
	add(0, PAGE_DATA, 3, 1, page_of(4));
	add(0, PAGE_DATA, 6, 1, page_of(5));
	puts_batch();
	wrote("write 12288 at 12288\nwrite 4096 at 32768\n");
	holds(1, 1);
	holds(2, 9);
	holds(3, 4);
	holds(6, 5);
	assert_int_equal(recorder.bytes[BITMAP], 0x4e);
	assert_int_equal(recorder.bytes[BITMAP + 1], 0);
	close_sink();
}

TEST(zeros_of_plain_ram_are_not_written)
{
	open_sink(false);
	add(0, PAGE_ZERO, 0, 4, NULL);
	add(0, PAGE_ABSENT, 4, 4, NULL);
	add(1, PAGE_ABSENT, 0, 4, NULL);
	puts_batch();
	wrote("");
	assert_int_equal(recorder.bytes[BITMAP], 0);
	assert_int_equal(recorder.bytes[VGA_BITMAP], 0);
	close_sink();
}

TEST(zeros_of_a_prefilled_block_are_written)
{
	open_sink(false);
	add(1, PAGE_DATA, 0, 1, page_of(1));
	add(1, PAGE_ZERO, 1, 2, NULL);
	puts_batch();
	wrote("write 12288 at 40960\n");
	assert_memory_equal(recorder.bytes + VGA + PAGE, page_of(0), PAGE);
	assert_memory_equal(recorder.bytes + VGA + 2 * PAGE, page_of(0), PAGE);
	assert_int_equal(recorder.bytes[VGA_BITMAP], 0x07);
	close_sink();
}

TEST(zeros_over_data_are_punched)
{
	open_sink(false);
	add(0, PAGE_DATA, 0, 1, page_of(1));
	add(0, PAGE_DATA, 1, 1, page_of(2));
	add(0, PAGE_DATA, 2, 1, page_of(3));
	puts_batch();
	add(0, PAGE_ZERO, 1, 5, NULL);
	puts_batch();
	wrote("write 12288 at 8192\npunch 8192 at 12288\n");
	holds(0, 1);
	holds(1, 0);
	holds(2, 0);
	assert_int_equal(recorder.bytes[BITMAP], 0x01);
	close_sink();
}

TEST(data_over_zeros_over_data_stays)
{
	open_sink(false);
	add(0, PAGE_DATA, 1, 1, page_of(1));
	add(0, PAGE_ZERO, 1, 1, NULL);
	add(0, PAGE_DATA, 1, 1, page_of(2));
	puts_batch();
	wrote("write 4096 at 12288\nwrite 4096 at 12288\n");
	holds(1, 2);
	assert_int_equal(recorder.bytes[BITMAP], 0x02);
	close_sink();
}

TEST(the_last_data_counts_within_a_batch_too)
{
	open_sink(false);
	add(0, PAGE_DATA, 0, 1, page_of(1));
	add(0, PAGE_DATA, 1, 1, page_of(2));
	add(0, PAGE_DATA, 0, 1, page_of(3));
	puts_batch();
	wrote("write 8192 at 8192\nwrite 4096 at 8192\n");
	holds(0, 3);
	holds(1, 2);
	close_sink();
}

TEST(a_delta_changes_the_page_that_is_there)
{
	open_sink(false);
	add(0, PAGE_DATA, 2, 1, page_of(7));
	add_delta(0, 2, "\5\2ab", 4);
	puts_batch();
	wrote("write 4096 at 16384\nread 4096 at 16384\n"
	      "write 4096 at 16384\n");
	assert_memory_equal(recorder.bytes + SLOTS + 2 * PAGE, "\7\7\7\7\7ab\7",
			    8);
	assert_int_equal(recorder.bytes[BITMAP], 0x04);
	close_sink();
}

TEST(a_delta_for_an_absent_page_is_applied_to_zeros)
{
	open_sink(false);
	add(0, PAGE_DATA, 3, 1, page_of(7));
	add(0, PAGE_ZERO, 3, 1, NULL);
	puts_batch();
	add_delta(0, 2, "\5\2ab", 4);
	add_delta(0, 3, "\1\1c", 3);
	puts_batch();
	wrote("write 4096 at 20480\nwrite 4096 at 16384\n"
	      "write 4096 at 20480\n");
	assert_memory_equal(recorder.bytes + SLOTS + 2 * PAGE, "\0\0\0\0\0ab\0",
			    8);
	assert_memory_equal(recorder.bytes + SLOTS + 3 * PAGE, "\0c\0\0", 4);
	assert_int_equal(recorder.bytes[BITMAP], 0x0c);
	close_sink();
}

TEST(a_delta_can_make_a_page_zero)
{
	uint8_t delta[3 + PAGE] = { 0x00, 0x80, 0x20 };

	open_sink(false);
	add(0, PAGE_DATA, 2, 1, page_of(7));
	add_delta(0, 2, delta, sizeof(delta));
	puts_batch();
	wrote("write 4096 at 16384\nread 4096 at 16384\n"
	      "punch 4096 at 16384\n");
	assert_int_equal(recorder.bytes[BITMAP], 0x00);
	close_sink();
}

TEST(a_damaged_delta_is_corrupt)
{
	struct savetool_error err;

	open_sink(false);
	add_delta(0, 2, "\5\0", 2);
	assert_fails(put_batch(&err), err, SAVETOOL_CORRUPT,
		     "damaged XBZRLE data (block 'pc.ram', page 2)");
	close_sink();
}

TEST(bitmaps_are_written_for_the_host_that_loads_them)
{
	open_sink(true);
	add(0, PAGE_DATA, 0, 1, page_of(1));
	add(0, PAGE_DATA, 7, 1, page_of(1));
	puts_batch();
	wrote("write 4096 at 8192\nwrite 4096 at 36864\n");
	assert_memory_equal(recorder.bytes + BITMAP, "\0\0\0\0\0\0\0\x81", 8);
	close_sink();
}

TEST(a_write_that_fails_ends_it)
{
	struct savetool_error err;

	open_sink(false);
	recorder.fails = true;
	add(0, PAGE_DATA, 0, 1, page_of(1));
	assert_fails(put_batch(&err), err, SAVETOOL_SYSTEM,
		     "recorder is told to fail");
	assert_fails(page_sink_finish(writing.sink, &err), err, SAVETOOL_SYSTEM,
		     "recorder is told to fail");
	close_sink();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_bits_are_absent_and_not_read),
		cmocka_unit_test(set_bits_are_read_in_one_go),
		cmocka_unit_test(a_hole_under_set_bits_is_not_read),
		cmocka_unit_test(
			a_hole_that_covers_half_a_page_is_read_with_it),
		cmocka_unit_test(extents_are_not_looked_up_for_each_page),
		cmocka_unit_test(bitmaps_are_read_in_either_byte_order),
		cmocka_unit_test(pages_beyond_the_end_are_incomplete),
		cmocka_unit_test(a_bitmap_beyond_the_end_is_incomplete),
		cmocka_unit_test(nothing_writes_empty_bitmaps),
		cmocka_unit_test(pages_that_adjoin_are_written_in_one_call),
		cmocka_unit_test(zeros_of_plain_ram_are_not_written),
		cmocka_unit_test(zeros_of_a_prefilled_block_are_written),
		cmocka_unit_test(zeros_over_data_are_punched),
		cmocka_unit_test(data_over_zeros_over_data_stays),
		cmocka_unit_test(the_last_data_counts_within_a_batch_too),
		cmocka_unit_test(a_delta_changes_the_page_that_is_there),
		cmocka_unit_test(
			a_delta_for_an_absent_page_is_applied_to_zeros),
		cmocka_unit_test(a_delta_can_make_a_page_zero),
		cmocka_unit_test(a_damaged_delta_is_corrupt),
		cmocka_unit_test(
			bitmaps_are_written_for_the_host_that_loads_them),
		cmocka_unit_test(a_write_that_fails_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
