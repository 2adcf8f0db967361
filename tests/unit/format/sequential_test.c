/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page records, read from a stream and written to one. */
#include "config.h"

#include "format/page_size.h"
#include "format/sequential.h"

#include "unit/pages.h"
#include "unit/recorder.h"
#include "unit/wire.h"

#include <zlib.h>

#define PAGE 4096

static struct wire wire, expected;
static struct page_batch batch;
static struct page_log taken;
static uint64_t records_start, records_end; /* in the stream */
static uint8_t content[2][16]; /* of each page with data, all one byte */

/* A stream up to the records of its START, which has two blocks. */
static void start(void)
{
	wire.size = expected.size = 0;
	wire_magic(&wire);
	wire_machine(&wire, "pc");
	wire_section(&wire, SECTION_START, 2, "ram", 4);
	wire_be64(&wire, 24 * PAGE | RAM_MEM_SIZE);
	wire_str8(&wire, "pc.ram");
	wire_be64(&wire, 16 * PAGE);
	wire_str8(&wire, "vga");
	wire_be64(&wire, 8 * PAGE);
	records_start = wire.size;
}

static void add_head(struct wire *to, uint64_t page, unsigned flags,
		     const char *name)
{
	wire_be64(to, page * PAGE | flags | (name ? 0 : RAM_CONTINUE));
	if (name)
		wire_str8(to, name);
}

static void add_page(struct wire *to, uint64_t page, const char *name,
		     uint8_t byte)
{
	add_head(to, page, RAM_PAGE, name);
	wire_fill(to, byte, PAGE);
}

static void add_zero(struct wire *to, uint64_t page, const char *name)
{
	add_head(to, page, RAM_ZERO, name);
	wire_u8(to, 0);
}

/* Remembers of what byte each page of data is full. */
static void note_content(void)
{
	for (unsigned i = 0; i < batch.count; i++) {
		const struct page_run *run = &batch.runs[i];

		for (uint64_t at = 0;
		     run->kind == PAGE_DATA && at < run->length; at += PAGE) {
			assert_memory_equal(run->data + at,
					    page_of(run->data[at]), PAGE);
			content[run->block->index][(run->offset + at) / PAGE] =
				run->data[at];
		}
	}
}

/* Sections' records, one list after the other, as a walk reads them. */
static int take(unsigned sections, struct savetool_error *err)
{
	const struct vmdesc vmdesc = { .page_size = PAGE };
	struct sequential_source source;
	struct chunk_pool *pool;
	struct stream_item item;
	struct stream stream;
	struct input *in;
	int more = 0;

	page_log_init(&taken);
	assert_ok(input_open_memory(&in, wire.bytes, wire.size, err), *err);
	assert_ok(chunk_pool_new(&pool, 4, err), *err);
	assert_ok(stream_open(&stream, in, pool, 0, err), *err);
	stream.vmdesc = &vmdesc;
	assert_int_equal(stream_next(&stream, &item, err), 1);
	assert_ok(page_size_read_list(&stream, err), *err);
	sequential_source_init(&source, &stream);
	assert_int_equal(source.base.total, wire.size);
	for (unsigned i = 0; more == 0 && i < sections; i++) {
		sequential_source_begin(&source);
		while ((more = source.base.ops->next(&source.base, &batch,
						     err)) > 0) {
			note_content();
			page_log_put(&taken.base, &batch, err);
			page_batch_clear(&batch);
		}
	}
	if (more == 0)
		assert_int_equal(stream.reader.offset, records_end);
	page_batch_clear(&batch);
	stream_close(&stream);
	chunk_pool_free(pool);
	input_close(in);
	return more;
}

/* Ends the records, with enough after them that no batch is cut short. */
static void end_records(void)
{
	wire_be64(&wire, RAM_EOS);
	records_end = wire.size;
	wire_fill(&wire, 0, 2 * PAGE);
}

static void takes(const char *text)
{
	struct savetool_error err;

	end_records();
	assert_ok(take(1, &err), err);
	assert_string_equal(taken.text, text);
}

static void refuses(enum savetool_code code, const char *text)
{
	struct savetool_error err;

	wire_be64(&wire, RAM_EOS);
	assert_fails(take(1, &err), err, code, text);
}

TEST(no_records_are_no_pages)
{
	start();
	takes("");
}

TEST(records_are_taken_in_their_order)
{
	start();
	add_page(&wire, 3, "pc.ram", 1);
	add_zero(&wire, 4, NULL);
	add_zero(&wire, 5, NULL);
	add_zero(&wire, 0, "vga");
	add_page(&wire, 3, "pc.ram", 2);
	takes("data pc.ram+0x3000 4096\nzero pc.ram+0x4000 8192\n"
	      "zero vga+0x0 4096\ndata pc.ram+0x3000 4096\n");
}

TEST(the_last_block_goes_on_in_the_next_section)
{
	struct savetool_error err;

	start();
	add_zero(&wire, 1, "vga");
	wire_be64(&wire, RAM_EOS);
	add_zero(&wire, 2, NULL);
	end_records();
	assert_ok(take(2, &err), err);
	assert_string_equal(taken.text, "zero vga+0x1000 4096\n"
					"zero vga+0x2000 4096\n");
}

TEST(pages_have_their_bytes)
{
	start();
	add_page(&wire, 3, "pc.ram", 0x5a);
	add_page(&wire, 7, "vga", 0x5b);
	add_page(&wire, 4, "pc.ram", 0x5c);
	takes("data pc.ram+0x3000 4096\ndata vga+0x7000 4096\n"
	      "data pc.ram+0x4000 4096\n");
	assert_int_equal(content[0][3], 0x5a);
	assert_int_equal(content[1][7], 0x5b);
	assert_int_equal(content[0][4], 0x5c);
}

TEST(a_filled_page_becomes_data)
{
	start();
	add_head(&wire, 1, RAM_ZERO, "pc.ram");
	wire_u8(&wire, 0x77);
	add_head(&wire, 2, RAM_ZERO, NULL);
	wire_u8(&wire, 0x78);
	takes("data pc.ram+0x1000 8192\n");
	assert_int_equal(content[0][1], 0x77);
	assert_int_equal(content[0][2], 0x78);
}

static void add_compressed(uint64_t page, const uint8_t *bytes, size_t size)
{
	uint8_t packed[2 * PAGE];
	uLongf packed_size = sizeof(packed);

	assert_int_equal(compress(packed, &packed_size, bytes, size), Z_OK);
	add_head(&wire, page, RAM_COMPRESS_PAGE, "pc.ram");
	wire_be32(&wire, packed_size);
	wire_bytes(&wire, packed, packed_size);
}

TEST(compressed_pages_become_data)
{
	start();
	add_compressed(7, page_of(0x33), PAGE);
	add_zero(&wire, 8, NULL);
	takes("data pc.ram+0x7000 4096\nzero pc.ram+0x8000 4096\n");
	assert_int_equal(content[0][7], 0x33);
}

TEST(damaged_compressed_pages_are_corrupt)
{
	start();
	add_compressed(7, page_of(0x33), PAGE - 1);
	refuses(SAVETOOL_CORRUPT,
		"damaged compressed data in page record (block 'pc.ram', page "
		"7, at byte 67)");
	start();
	add_compressed(7, page_of(0x33), PAGE);
	wire.bytes[wire.size - 1] ^= 1;
	refuses(SAVETOOL_CORRUPT,
		"damaged compressed data in page record (block 'pc.ram', page "
		"7, at byte 67)");
	start();
	add_head(&wire, 1, RAM_COMPRESS_PAGE, "pc.ram");
	wire_be32(&wire, 2 * PAGE);
	wire_fill(&wire, 0, 2 * PAGE);
	refuses(SAVETOOL_CORRUPT,
		"too much compressed data in page record (block 'pc.ram', page "
		"1, at byte 67)");
}

static void add_xbzrle(struct wire *to, uint64_t page, const char *name,
		       const char *delta, size_t size)
{
	add_head(to, page, RAM_XBZRLE, name);
	wire_u8(to, 1);
	wire_be16(to, size);
	wire_bytes(to, delta, size);
}

TEST(deltas_pass_as_they_are)
{
	start();
	add_xbzrle(&wire, 2, "pc.ram", "\5\2ab", 4);
	add_xbzrle(&wire, 3, NULL, "", 0);
	takes("delta pc.ram+0x2000 4096\ndelta pc.ram+0x3000 4096\n");
}

TEST(damaged_deltas_are_corrupt)
{
	start();
	add_xbzrle(&wire, 2, "pc.ram", "\5\0", 2);
	refuses(SAVETOOL_CORRUPT,
		"damaged XBZRLE in page record (block 'pc.ram', page 2, at "
		"byte 67)");
	start();
	add_head(&wire, 2, RAM_XBZRLE, "pc.ram");
	wire_u8(&wire, 2);
	wire_be16(&wire, 0);
	refuses(SAVETOOL_CORRUPT,
		"unknown XBZRLE encoding in page record (block 'pc.ram', page "
		"2, at byte 67)");
	start();
	add_head(&wire, 2, RAM_XBZRLE, "pc.ram");
	wire_u8(&wire, 1);
	wire_be16(&wire, PAGE + 1);
	refuses(SAVETOOL_CORRUPT,
		"XBZRLE longer than a page in page record (block 'pc.ram', "
		"page 2, at byte 67)");
}

TEST(a_record_is_of_one_kind)
{
	start();
	wire_be64(&wire, RAM_PAGE | RAM_ZERO);
	refuses(SAVETOOL_CORRUPT,
		"contradictory flags 0x00a in page record (at byte 67)");
	start();
	wire_be64(&wire, RAM_CONTINUE);
	refuses(SAVETOOL_CORRUPT,
		"contradictory flags 0x020 in page record (at byte 67)");
	start();
	wire_be64(&wire, RAM_MEM_SIZE);
	refuses(SAVETOOL_CORRUPT,
		"unexpected flags 0x004 in page record (at byte 67)");
	start();
	wire_be64(&wire, 0x800);
	refuses(SAVETOOL_CORRUPT,
		"unexpected flags 0x800 in page record (at byte 67)");
}

TEST(rdma_is_one_word_and_no_other)
{
	start();
	wire_be64(&wire, RAM_HOOK);
	refuses(SAVETOOL_UNSUPPORTED,
		"RDMA migration: its pages are not in the stream (at byte 67)");
	start();
	wire_be64(&wire, RAM_HOOK | RAM_PAGE);
	refuses(SAVETOOL_CORRUPT,
		"unexpected flags 0x088 in page record (at byte 67)");
	start();
	wire_be64(&wire, 3 * PAGE | RAM_HOOK);
	refuses(SAVETOOL_CORRUPT,
		"unexpected flags 0x080 in page record (at byte 67)");
}

TEST(a_record_has_a_block_and_is_inside)
{
	start();
	add_zero(&wire, 0, NULL);
	refuses(SAVETOOL_CORRUPT,
		"no block to continue in page record (at byte 67)");
	start();
	add_zero(&wire, 0, "pc.rom");
	refuses(SAVETOOL_CORRUPT,
		"unknown block 'pc.rom' in page record (at byte 67)");
	start();
	add_zero(&wire, 8, "vga");
	refuses(SAVETOOL_CORRUPT,
		"page record with offset 32768 beyond its block of 32768 bytes "
		"(block 'vga', page 8, at byte 67)");
	start();
	add_zero(&wire, UINT64_C(1) << 51, "vga");
	refuses(SAVETOOL_CORRUPT,
		"page record with offset 9223372036854775808 beyond its block "
		"of 32768 bytes (block 'vga', page 2251799813685248, at byte "
		"67)");
}

TEST(records_that_break_off_are_incomplete)
{
	struct savetool_error err;
	size_t size;

	start();
	add_page(&wire, 3, "pc.ram", 1);
	add_zero(&wire, 4, NULL);
	size = wire.size;
	for (wire.size = records_start; wire.size < size;
	     wire.size += wire.size < size - 20 && wire.size > 100 ? 97 : 1) {
		assert_int_equal(take(1, &err), -1);
		assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	}
}

/* More records than fit into a batch, and than a chunk has bytes. */
TEST(a_batch_never_has_too_many_runs)
{
	static uint8_t stream[6 << 20];
	const unsigned pages = 1200, zeros = 3000;
	struct sequential_source source;
	struct stream walked = { 0 };
	struct chunk_pool *pool;
	struct savetool_error err;
	struct input *in;
	size_t size = 0;
	unsigned runs = 0, records = 0;
	int more;

	for (unsigned i = 0; i < pages + zeros; i++) {
		bool zero = i >= pages;

		put_be64(stream + size, (i * UINT64_C(2) * PAGE) |
						(zero ? RAM_ZERO : RAM_PAGE) |
						(i ? RAM_CONTINUE : 0));
		size += 8;
		if (i == 0) {
			memcpy(stream + size, "\6pc.ram", 7);
			size += 7;
		}
		memset(stream + size, zero ? 0 : i | 1, zero ? 1 : PAGE);
		size += zero ? 1 : PAGE;
	}
	put_be64(stream + size, RAM_EOS);
	size += 8;
	assert_ok(input_open_memory(&in, stream, size, &err), err);
	assert_ok(chunk_pool_new(&pool, 3, &err), err);
	walked.ram.layout = layout_of(PAGE, "pc.ram", KIB(64) << 10, NULL);
	reader_init(&walked.reader, in, pool, 0);
	sequential_source_init(&source, &walked);
	while ((more = source.base.ops->next(&source.base, &batch, &err)) > 0) {
		assert_true(batch.count <= BATCH_SOURCE_RUNS);
		for (unsigned i = 0; i < batch.count; i++) {
			const struct page_run *run = &batch.runs[i];

			assert_int_equal(run->offset, records * 2 * PAGE);
			if (run->data)
				assert_int_equal(run->data[PAGE - 1],
						 (records | 1) & 0xff);
			records++;
		}
		runs += batch.count;
		page_batch_clear(&batch);
	}
	assert_int_equal(more, 0);
	assert_int_equal(runs, pages + zeros);
	reader_release(&walked.reader);
	chunk_pool_free(pool);
	input_close(in);
	ram_layout_free(&walked.ram.layout);
}

/* The other way: runs become records. */
struct writing {
	struct ram_layout layout;
	struct page_sink *sink;
};

static struct writing writing;
static struct recorder recorder;

static void open_sink(void)
{
	struct savetool_error err;

	expected.size = 0;
	batch.count = 0;
	recorder_init(&recorder, false);
	writing.layout =
		layout_of(PAGE, "pc.ram", KIB(64), "vga", KIB(32), NULL);
	assert_ok(sequential_sink_new(&writing.sink, &recorder.base,
				      &writing.layout, &err),
		  err);
}

static void close_sink(void)
{
	page_sink_free(writing.sink);
	ram_layout_free(&writing.layout);
}

static void add(unsigned block, enum page_kind kind, unsigned page,
		unsigned count, const void *data)
{
	struct page_run run = run_of(&writing.layout, block, kind, page * PAGE,
				     count * PAGE, data);

	page_batch_add(&batch, &run);
}

/* Puts the batch and finishes: this is all that there is then. */
static void wrote(void)
{
	struct savetool_error err;

	assert_ok(writing.sink->ops->put(writing.sink, &batch, &err), err);
	assert_ok(page_sink_finish(writing.sink, &err), err);
	assert_int_equal(recorder.base.position, expected.size);
	assert_memory_equal(recorder.bytes, expected.bytes, expected.size);
	batch.count = 0;
}

TEST(only_another_block_is_named)
{
	open_sink();
	add(0, PAGE_DATA, 1, 1, page_of(1));
	add(0, PAGE_ZERO, 2, 2, NULL);
	add(1, PAGE_DATA, 0, 1, page_of(2));
	add(0, PAGE_DATA, 5, 1, page_of(3));
	add_page(&expected, 1, "pc.ram", 1);
	add_zero(&expected, 2, NULL);
	add_zero(&expected, 3, NULL);
	add_page(&expected, 0, "vga", 2);
	add_page(&expected, 5, "pc.ram", 3);
	wrote();
	close_sink();
}

TEST(a_block_goes_on_in_the_next_batch)
{
	open_sink();
	add(1, PAGE_ZERO, 0, 1, NULL);
	add_zero(&expected, 0, "vga");
	wrote();
	add(1, PAGE_DATA, 1, 1, page_of(8));
	add_page(&expected, 1, NULL, 8);
	wrote();
	close_sink();
}

TEST(absent_and_stored_zeros_are_zero_records)
{
	open_sink();
	add(0, PAGE_ABSENT, 0, 2, NULL);
	add(0, PAGE_ZERO, 2, 1, page_of(0));
	add_zero(&expected, 0, "pc.ram");
	add_zero(&expected, 1, NULL);
	add_zero(&expected, 2, NULL);
	wrote();
	close_sink();
}

TEST(deltas_are_written_as_they_came)
{
	struct page_run run;

	open_sink();
	run = run_of(&writing.layout, 0, PAGE_DELTA, 2 * PAGE, PAGE, "\5\2ab");
	run.delta_size = 4;
	page_batch_add(&batch, &run);
	add_xbzrle(&expected, 2, "pc.ram", "\5\2ab", 4);
	wrote();
	close_sink();
}

TEST(pages_are_written_in_few_calls)
{
	unsigned calls = 0;

	open_sink();
	for (unsigned i = 0; i < 16; i++) {
		add(0, PAGE_DATA, i, 1, page_of(i + 1));
		add_page(&expected, i, i ? NULL : "pc.ram", i + 1);
	}
	wrote();
	for (const char *at = recorder.log; (at = strstr(at, "write")); at++)
		calls++;
	assert_true(calls <= 2);
	close_sink();
}

TEST(a_very_long_run_of_zeros_is_written_whole)
{
	open_sink();
	ram_layout_free(&writing.layout);
	writing.layout = layout_of(PAGE, "pc.ram", KIB(64) << 10, NULL);
	add(0, PAGE_ZERO, 0, 12000, NULL);
	for (unsigned i = 0; i < 12000; i++)
		add_zero(&expected, i, i ? NULL : "pc.ram");
	wrote();
	close_sink();
}

/* As the pump does, which may have another thread for it. */
static void wrote_prepared(unsigned runs)
{
	page_sink_prepare(writing.sink, &batch);
	assert_int_equal(batch.prepared_runs, runs);
	wrote();
	free(batch.prepared);
	batch.prepared = NULL;
	batch.prepared_runs = 0;
}

TEST(what_was_prepared_is_the_same)
{
	open_sink();
	/* The first record has the block's name, which prepare() cannot know.
	 */
	add(0, PAGE_DATA, 1, 1, page_of(1));
	add(0, PAGE_ABSENT, 2, 2, NULL);
	add_page(&expected, 1, "pc.ram", 1);
	add_zero(&expected, 2, NULL);
	add_zero(&expected, 3, NULL);
	wrote_prepared(2);
	add(0, PAGE_ZERO, 4, 1, NULL);
	add(1, PAGE_DATA, 0, 1, page_of(2));
	add(1, PAGE_DATA, 3, 1, page_of(3));
	add_zero(&expected, 4, NULL);
	add_page(&expected, 0, "vga", 2);
	add_page(&expected, 3, NULL, 3);
	wrote_prepared(3);
	/* Ends as another batch begins. */
	add(1, PAGE_DATA, 4, 1, page_of(4));
	add(0, PAGE_DATA, 5, 1, page_of(5));
	add_page(&expected, 4, NULL, 4);
	add_page(&expected, 5, "pc.ram", 5);
	wrote_prepared(2);
	add(1, PAGE_ZERO, 5, 1, NULL);
	add_zero(&expected, 5, "vga");
	wrote_prepared(1);
	close_sink();
}

TEST(a_write_that_fails_ends_it)
{
	struct savetool_error err;

	open_sink();
	recorder.fails = true;
	add(0, PAGE_DATA, 0, 1, page_of(1));
	assert_fails(writing.sink->ops->put(writing.sink, &batch, &err), err,
		     SAVETOOL_SYSTEM, "recorder is told to fail");
	batch.count = 0;
	close_sink();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_records_are_no_pages),
		cmocka_unit_test(records_are_taken_in_their_order),
		cmocka_unit_test(the_last_block_goes_on_in_the_next_section),
		cmocka_unit_test(pages_have_their_bytes),
		cmocka_unit_test(a_filled_page_becomes_data),
		cmocka_unit_test(compressed_pages_become_data),
		cmocka_unit_test(damaged_compressed_pages_are_corrupt),
		cmocka_unit_test(deltas_pass_as_they_are),
		cmocka_unit_test(damaged_deltas_are_corrupt),
		cmocka_unit_test(a_record_is_of_one_kind),
		cmocka_unit_test(rdma_is_one_word_and_no_other),
		cmocka_unit_test(a_record_has_a_block_and_is_inside),
		cmocka_unit_test(records_that_break_off_are_incomplete),
		cmocka_unit_test(a_batch_never_has_too_many_runs),
		cmocka_unit_test(only_another_block_is_named),
		cmocka_unit_test(a_block_goes_on_in_the_next_batch),
		cmocka_unit_test(absent_and_stored_zeros_are_zero_records),
		cmocka_unit_test(deltas_are_written_as_they_came),
		cmocka_unit_test(pages_are_written_in_few_calls),
		cmocka_unit_test(a_very_long_run_of_zeros_is_written_whole),
		cmocka_unit_test(what_was_prepared_is_the_same),
		cmocka_unit_test(a_write_that_fails_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
