/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of blocks: read, written, and refused if its parts are not where
 * they can be.
 */
#include "config.h"

#include "format/ram_list.h"

#include "base/bitmap.h"
#include "unit/recorder.h"
#include "unit/wire.h"

#define PAGE 4096
#define MIB (UINT64_C(1) << 20)
#define START 100 /* of the list, in the file */

static struct wire wire;
static struct recorder recorder;
static const struct ram_list_context plain = { .page_size = PAGE };
static const struct ram_list_context mapped = { .mapped = true };

/* Reads from a file that has the list at START, and is so long. */
static int read_from(struct ram_list *list, uint64_t file_size,
		     const struct ram_list_context *context, uint64_t *end,
		     struct savetool_error *err)
{
	uint8_t *file = calloc(1, file_size ? file_size : 1);
	struct chunk_pool *pool;
	struct reader reader;
	struct input *in;
	int result;

	if (file_size > START)
		memcpy(file + START, wire.bytes,
		       wire.size < file_size - START ? wire.size :
						       file_size - START);
	assert_ok(input_open_memory(&in, file, file_size, err), *err);
	assert_ok(chunk_pool_new(&pool, 1, err), *err);
	reader_init(&reader, in, pool, START);
	*list = (struct ram_list){ 0 };
	result = ram_list_read(list, &reader, context, err);
	*end = reader.offset;
	reader_release(&reader);
	chunk_pool_free(pool);
	input_close(in);
	free(file);
	wire.size = 0;
	return result;
}

static void refuses_at(uint64_t file_size,
		       const struct ram_list_context *context,
		       enum savetool_code code, const char *text)
{
	struct ram_list list;
	struct savetool_error err;
	uint64_t end;

	assert_fails(read_from(&list, file_size, context, &end, &err), err,
		     code, text);
	ram_list_free(&list);
}

static void refuses(const struct ram_list_context *context,
		    enum savetool_code code, const char *text)
{
	refuses_at(4 * MIB, context, code, text);
}

static struct ram_list reads_to(const struct ram_list_context *context,
				uint64_t expected_end)
{
	struct ram_list list;
	struct savetool_error err;
	uint64_t end;

	assert_ok(read_from(&list, 4 * MIB, context, &end, &err), err);
	assert_int_equal(end, expected_end);
	return list;
}

static void add_block(const char *name, uint64_t length)
{
	wire_str8(&wire, name);
	wire_be64(&wire, length);
}

static void add_header(uint64_t page_size, uint64_t bitmap, uint64_t pages)
{
	wire_be32(&wire, MAPPED_VERSION);
	wire_be64(&wire, page_size);
	wire_be64(&wire, bitmap);
	wire_be64(&wire, pages);
}

TEST(a_sequential_list_is_read)
{
	struct ram_list list;

	wire_be64(&wire, 5 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 4 * PAGE);
	add_block("pc.bios", PAGE);
	wire_text(&wire, "what follows");
	list = reads_to(&plain, START + 8 + 15 + 16);
	assert_false(list.mapped);
	assert_int_equal(list.layout.count, 2);
	assert_int_equal(list.layout.length, 5 * PAGE);
	assert_string_equal(list.layout.blocks[1].name, "pc.bios");
	assert_int_equal(list.layout.blocks[1].length, PAGE);
	ram_list_free(&list);
}

TEST(a_guest_can_have_no_memory)
{
	struct ram_list list;

	wire_be64(&wire, RAM_MEM_SIZE);
	list = reads_to(&plain, START + 8);
	assert_int_equal(list.layout.count, 0);
	ram_list_free(&list);
	wire_be64(&wire, RAM_MEM_SIZE);
	list = reads_to(&mapped, START + 8);
	assert_true(list.layout.page_size != 0);
	ram_list_free(&list);
}

TEST(pages_are_the_smallest_unless_their_size_is_stated)
{
	static const struct ram_list_context untold = { 0 };
	struct ram_list list;

	wire_be64(&wire, PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", PAGE);
	list = reads_to(&untold, START + 8 + 15);
	assert_int_equal(list.layout.page_size, RAM_PAGE_LEAST);
	ram_list_free(&list);
}

TEST(without_a_list_it_is_corrupt)
{
	wire_be64(&wire, PAGE | RAM_PAGE);
	refuses(&plain, SAVETOOL_CORRUPT,
		"RAM section without a list of blocks (at byte 100)");
	wire_be64(&wire, PAGE | RAM_MEM_SIZE | RAM_PAGE);
	refuses(&plain, SAVETOOL_CORRUPT,
		"RAM section without a list of blocks (at byte 100)");
}

TEST(the_lengths_must_add_up_to_the_total)
{
	wire_be64(&wire, 3 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 4 * PAGE);
	refuses(&plain, SAVETOOL_CORRUPT,
		"memory blocks have 16384 bytes in all, but 12288 are "
		"announced (at byte 100)");
	wire_be64(&wire, (RAM_LENGTH_LIMIT + PAGE) | RAM_MEM_SIZE);
	refuses(&plain, SAVETOOL_CORRUPT,
		"RAM size of 4503599627374592 bytes is out of range (at byte "
		"100)");
}

TEST(more_than_16_tib_are_not_handled)
{
	wire_be64(&wire, (RAM_LENGTH_HANDLED + PAGE) | RAM_MEM_SIZE);
	refuses(&plain, SAVETOOL_UNSUPPORTED,
		"RAM size of 17592186048512 bytes is more than 16 TiB (at byte "
		"100)");
}

TEST(a_block_without_a_name_is_corrupt)
{
	wire_be64(&wire, 3 * PAGE | RAM_MEM_SIZE);
	add_block("", 4 * PAGE);
	refuses(&plain, SAVETOOL_CORRUPT,
		"memory block without a name (at byte 108)");
}

/* Blocks of nothing do not bring the end any nearer. */
TEST(endless_empty_blocks_come_to_an_end)
{
	char name[16];

	wire_be64(&wire, PAGE | RAM_MEM_SIZE);
	for (unsigned i = 0; i <= RAM_BLOCKS_LIMIT; i++) {
		snprintf(name, sizeof(name), "b%u", i);
		add_block(name, 0);
	}
	refuses(&plain, SAVETOOL_CORRUPT,
		"list of blocks: more than 4096 memory blocks (block 'b4096', "
		"at byte 56342)");
}

TEST(with_postcopy_a_page_size_can_follow_a_length)
{
	static const struct ram_list_context postcopy = {
		.postcopy = true,
		.page_size = PAGE,
	};
	struct ram_list list;

	wire_be64(&wire, 6 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 4 * PAGE);
	wire_be64(&wire, 2 * MIB);
	add_block("pc.bios", PAGE);
	add_block("last", PAGE);
	wire_be64(&wire, 1 << 30);
	wire_be64(&wire, RAM_EOS);
	list = reads_to(&postcopy, START + 8 + 15 + 8 + 16 + 13 + 8);
	assert_int_equal(list.layout.count, 3);
	ram_list_free(&list);
	/* Only a record or its end follows the last one. */
	wire_be64(&wire, PAGE | RAM_MEM_SIZE);
	add_block("last", PAGE);
	wire_be64(&wire, RAM_EOS);
	list = reads_to(&postcopy, START + 8 + 13);
	ram_list_free(&list);
}

TEST(with_ignore_shared_an_address_follows_a_length)
{
	static const struct ram_list_context shared = {
		.ignore_shared = true,
		.page_size = PAGE,
	};
	struct ram_list list;

	wire_be64(&wire, 2 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", PAGE);
	wire_be64(&wire, 0);
	add_block("m1", PAGE);
	wire_be64(&wire, 0x100000000);
	list = reads_to(&shared, START + 8 + 15 + 8 + 11 + 8);
	assert_int_equal(list.layout.count, 2);
	ram_list_free(&list);
}

/* The usual list of one block of 16 pages, but for what a test changes. */
struct place {
	uint64_t page_size, bitmap, pages;
};

static const struct place usual = { PAGE, START + 8 + 15 + 28, MIB };

static void add_mapped(const struct place *place)
{
	wire_be64(&wire, 16 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 16 * PAGE);
	add_header(place->page_size, place->bitmap, place->pages);
}

TEST(a_mapped_list_is_read_and_its_pages_passed)
{
	struct ram_list list;

	add_mapped(&usual);
	list = reads_to(&mapped, MIB + 16 * PAGE);
	assert_true(list.mapped);
	assert_int_equal(list.layout.page_size, PAGE);
	assert_int_equal(list.headers[0].header_offset, START + 8);
	assert_int_equal(list.headers[0].header_length, 15 + 28);
	assert_int_equal(list.headers[0].bitmap_offset, usual.bitmap);
	assert_int_equal(list.headers[0].pages_offset, MIB);
	ram_list_free(&list);
}

TEST(later_versions_are_unsupported)
{
	wire_be64(&wire, PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", PAGE);
	wire_be32(&wire, 2);
	wire_fill(&wire, 0, 24);
	refuses(&mapped, SAVETOOL_UNSUPPORTED,
		"unknown mapped-ram version 2 (block 'pc.ram', at byte 123)");
}

TEST(page_sizes_are_those_of_targets_and_agree)
{
	static const struct ram_list_context told = { .mapped = true,
						      .page_size = 8192 };
	struct place place = usual;

	place.page_size = 0;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"invalid page size 0 (block 'pc.ram', at byte 127)");
	place.page_size = 3 * 1024;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"invalid page size 3072 (block 'pc.ram', at byte 127)");
	place.page_size = UINT64_C(1) << 40;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"invalid page size 1099511627776 (block 'pc.ram', at byte "
		"127)");
	add_mapped(&usual);
	refuses(&told, SAVETOOL_CORRUPT,
		"page size is 4096, but 8192 in other blocks (block 'pc.ram', "
		"at byte 127)");
}

TEST(pages_are_aligned)
{
	struct place place = usual;
	struct ram_list list;

	place.pages = MIB + 512;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"pages are not aligned to 4096 bytes (block 'pc.ram', at byte "
		"1049088)");
	place.pages = MIB + PAGE; /* no more than to a page */
	add_mapped(&place);
	list = reads_to(&mapped, MIB + 17 * PAGE);
	ram_list_free(&list);
}

TEST(bitmaps_are_inside_the_file)
{
	struct place place = usual;

	place.bitmap = 4 * MIB - 4;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_INCOMPLETE,
		"bitmap is beyond the end of the image, byte 4194304 (block "
		"'pc.ram', at byte 4194300)");
}

TEST(no_offset_overflows)
{
	struct place place = usual;

	place.bitmap = UINT64_MAX - 3;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"offset of the bitmap, or of the pages at byte 1048576, is out "
		"of range (block 'pc.ram', at byte 18446744073709551612)");
	place = usual;
	place.pages = -UINT64_C(4096);
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"offset of the bitmap, or of the pages at byte "
		"18446744073709547520, is out of range (block 'pc.ram', at "
		"byte 151)");
}

TEST(a_bitmap_does_not_overlap_its_header)
{
	struct place place = usual;

	place.bitmap--;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"bitmap overlaps other data that ends at byte 151 (block "
		"'pc.ram', at byte 150)");
}

TEST(nothing_lies_before_the_list)
{
	struct place place = usual;

	place.bitmap = 92;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"bitmap overlaps other data that ends at byte 108 (block "
		"'pc.ram', at byte 92)");
}

TEST(a_bitmap_does_not_overlap_its_pages)
{
	struct place place = usual;

	place.bitmap = MIB - 7;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"place of the pages overlaps other data that ends at byte "
		"1048577 (block 'pc.ram', at byte 1048576)");
	place.bitmap = MIB + PAGE;
	add_mapped(&place);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"bitmap overlaps other data that ends at byte 1114112 (block "
		"'pc.ram', at byte 1052672)");
}

TEST(a_bitmap_may_stand_right_before_its_pages)
{
	struct place place = usual;
	struct ram_list list;

	place.bitmap = MIB - 8;
	add_mapped(&place);
	list = reads_to(&mapped, MIB + 16 * PAGE);
	ram_list_free(&list);
	place.bitmap = 3 * MIB; /* after everything */
	add_mapped(&place);
	list = reads_to(&mapped, MIB + 16 * PAGE);
	ram_list_free(&list);
}

TEST(pages_do_not_precede_their_header)
{
	struct ram_list list;
	struct savetool_error err;
	uint64_t end;

	/* Where they are would be passed over, in front of the list. */
	wire_be64(&wire, PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 0);
	add_header(1024, START + 8 + 15 + 28, 0);
	assert_int_equal(read_from(&list, MIB, &mapped, &end, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	ram_list_free(&list);
}

/* A second block, whose header must follow the first one's pages. */
static void add_two(uint64_t second_bitmap, uint64_t second_pages)
{
	size_t at = 65536 + PAGE - START;

	wire_be64(&wire, 3 * PAGE | RAM_MEM_SIZE);
	add_block("one", PAGE);
	add_header(PAGE, START + 8 + 12 + 28, 65536);
	wire_fill(&wire, 0, at - wire.size);
	add_block("two", 2 * PAGE);
	add_header(PAGE, second_bitmap, second_pages);
}

#define SECOND (65536 + PAGE) /* where its header is */

TEST(two_blocks_follow_each_other)
{
	struct ram_list list;

	add_two(SECOND + 12 + 28, 32 * PAGE);
	list = reads_to(&mapped, 34 * PAGE);
	assert_int_equal(list.layout.count, 2);
	assert_int_equal(list.headers[1].header_offset, SECOND);
	ram_list_free(&list);
}

TEST(blocks_do_not_overlap_each_other)
{
	add_two(START + 8 + 12 + 28, 32 * PAGE);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"bitmap overlaps other data that ends at byte 156 (block "
		"'two', at byte 148)");
	add_two(65536 + 100, 32 * PAGE);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"bitmap overlaps other data that ends at byte 69632 (block "
		"'two', at byte 65636)");
	add_two(SECOND + 12 + 28, 15 * PAGE);
	refuses(&mapped, SAVETOOL_CORRUPT,
		"end of the pages is before the end of their header at byte "
		"69632 (block 'two', at byte 69632)");
}

TEST(a_list_that_is_cut_off_is_incomplete)
{
	struct ram_list list;
	struct savetool_error err;
	uint64_t end;
	size_t size;

	add_mapped(&usual);
	size = wire.size;
	for (size_t cut = 0; cut < size; cut++) {
		wire.size = 0;
		add_mapped(&usual);
		assert_int_equal(
			read_from(&list, START + cut, &mapped, &end, &err), -1);
		assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
		ram_list_free(&list);
	}
}

static struct ram_layout two_blocks(void)
{
	struct ram_layout layout = { .page_size = PAGE };
	struct savetool_error err;

	assert_ok(ram_layout_add(&layout, "pc.ram", 70 * PAGE, &err), err);
	assert_ok(ram_layout_add(&layout, "pc.bios", 64 * PAGE, &err), err);
	return layout;
}

TEST(a_sequential_list_is_written)
{
	struct ram_layout layout = two_blocks();
	struct savetool_error err;

	wire_be64(&wire, 134 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 70 * PAGE);
	add_block("pc.bios", 64 * PAGE);
	recorder_init(&recorder, false);
	assert_ok(ram_list_write(&layout, &recorder.base, &err), err);
	assert_int_equal(recorder.base.position, wire.size);
	assert_memory_equal(recorder.bytes, wire.bytes, wire.size);
	wire.size = 0;
	ram_layout_free(&layout);
}

/* An output that keeps what is written, wherever it is, up to 4 MiB. */
static uint8_t written[4 << 20];

static int keep_written(struct output *out, struct iovec *iov, unsigned count,
			uint64_t offset, struct savetool_error *err)
{
	(void)out;
	(void)err;
	for (unsigned i = 0; i < count; i++) {
		assert_true(offset + iov[i].iov_len <= sizeof(written));
		memcpy(written + offset, iov[i].iov_base, iov[i].iov_len);
		offset += iov[i].iov_len;
	}
	return 0;
}

TEST(a_mapped_list_is_written_where_qemu_has_it)
{
	static const struct output_ops ops = { .write_at = keep_written };
	struct output out = { .ops = &ops,
			      .seekable = true,
			      .position = START };
	struct ram_layout layout = two_blocks();
	struct mapped_header headers[2];
	struct savetool_error err;

	memset(written, 0, sizeof(written));
	wire_be64(&wire, 134 * PAGE | RAM_MEM_SIZE);
	add_block("pc.ram", 70 * PAGE);
	add_header(PAGE, START + 8 + 15 + 28, MIB);
	assert_ok(ram_list_write_mapped(&layout, &out, headers, &err), err);
	assert_memory_equal(written + START, wire.bytes, wire.size);
	wire.size = 0;
	add_block("pc.bios", 64 * PAGE);
	add_header(PAGE, MIB + 70 * PAGE + 16 + 28, 2 * MIB);
	assert_memory_equal(written + MIB + 70 * PAGE, wire.bytes, wire.size);
	wire.size = 0;
	assert_int_equal(out.position, 2 * MIB + 64 * PAGE);
	assert_int_equal(headers[0].bitmap_offset, START + 8 + 15 + 28);
	assert_int_equal(headers[0].pages_offset, MIB);
	assert_int_equal(headers[1].header_offset, MIB + 70 * PAGE);
	assert_int_equal(headers[1].pages_offset, 2 * MIB);
	ram_layout_free(&layout);
}

TEST(a_mapped_list_is_written_in_steps_like_at_once)
{
	static const struct output_ops ops = { .write_at = keep_written };
	static uint8_t at_once[sizeof(written)];
	struct output out = { .ops = &ops,
			      .seekable = true,
			      .position = START };
	struct ram_layout layout = two_blocks();
	struct mapped_header headers[2], header;
	struct savetool_error err;

	memset(written, 0, sizeof(written));
	assert_ok(ram_list_write_mapped(&layout, &out, headers, &err), err);
	memcpy(at_once, written, sizeof(written));
	memset(written, 0, sizeof(written));
	out.position = START;
	assert_ok(ram_list_write_total(layout.length, &out, &err), err);
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(ram_list_write_block(&layout, i, &out, &header, &err),
			  err);
		assert_memory_equal(&header, &headers[i], sizeof(header));
	}
	assert_memory_equal(written, at_once, sizeof(written));
	ram_layout_free(&layout);
}

/* The bitmap of 70 pages is 16 bytes long: it just fits, or it does not. */
TEST(slots_start_at_the_next_mebibyte)
{
	static const struct output_ops ops = { .write_at = keep_written };
	const uint64_t head = 8 + 15 + 28 + 16;
	struct ram_layout layout = two_blocks();
	struct mapped_header headers[2];
	struct output out = { .ops = &ops, .seekable = true };
	struct savetool_error err;

	layout.count = 1;
	out.position = MIB - head;
	assert_ok(ram_list_write_mapped(&layout, &out, headers, &err), err);
	assert_int_equal(headers[0].pages_offset, MIB);
	out.position = MIB - head + 1;
	assert_ok(ram_list_write_mapped(&layout, &out, headers, &err), err);
	assert_int_equal(headers[0].pages_offset, 2 * MIB);
	ram_layout_free(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sequential_list_is_read),
		cmocka_unit_test(a_guest_can_have_no_memory),
		cmocka_unit_test(
			pages_are_the_smallest_unless_their_size_is_stated),
		cmocka_unit_test(without_a_list_it_is_corrupt),
		cmocka_unit_test(the_lengths_must_add_up_to_the_total),
		cmocka_unit_test(more_than_16_tib_are_not_handled),
		cmocka_unit_test(a_block_without_a_name_is_corrupt),
		cmocka_unit_test(endless_empty_blocks_come_to_an_end),
		cmocka_unit_test(with_postcopy_a_page_size_can_follow_a_length),
		cmocka_unit_test(
			with_ignore_shared_an_address_follows_a_length),
		cmocka_unit_test(a_mapped_list_is_read_and_its_pages_passed),
		cmocka_unit_test(later_versions_are_unsupported),
		cmocka_unit_test(page_sizes_are_those_of_targets_and_agree),
		cmocka_unit_test(pages_are_aligned),
		cmocka_unit_test(bitmaps_are_inside_the_file),
		cmocka_unit_test(no_offset_overflows),
		cmocka_unit_test(a_bitmap_does_not_overlap_its_header),
		cmocka_unit_test(nothing_lies_before_the_list),
		cmocka_unit_test(a_bitmap_does_not_overlap_its_pages),
		cmocka_unit_test(a_bitmap_may_stand_right_before_its_pages),
		cmocka_unit_test(pages_do_not_precede_their_header),
		cmocka_unit_test(two_blocks_follow_each_other),
		cmocka_unit_test(blocks_do_not_overlap_each_other),
		cmocka_unit_test(a_list_that_is_cut_off_is_incomplete),
		cmocka_unit_test(a_sequential_list_is_written),
		cmocka_unit_test(a_mapped_list_is_written_where_qemu_has_it),
		cmocka_unit_test(slots_start_at_the_next_mebibyte),
		cmocka_unit_test(
			a_mapped_list_is_written_in_steps_like_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
