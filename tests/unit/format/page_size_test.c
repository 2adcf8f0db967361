/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page size, found by trying. */
#include "config.h"

#include "base/error.h"
#include "format/page_size.h"

#include "unit/wire.h"

#define MEMORY (256 << 10)

static struct wire wire;
static struct stream stream;
static struct input *in;
static struct chunk_pool *pool;

/* A stream up to the records of its START. */
static void start(void)
{
	wire.size = 0;
	wire_magic(&wire);
	wire_machine(&wire, "pc");
	wire_section(&wire, SECTION_START, 2, "ram", 4);
	wire_be64(&wire, MEMORY | RAM_MEM_SIZE);
	wire_str8(&wire, "pc.ram");
	wire_be64(&wire, MEMORY);
}

static void add_record(uint64_t offset, unsigned flags)
{
	wire_be64(&wire, offset | flags);
	if (!(flags & RAM_CONTINUE))
		wire_str8(&wire, "pc.ram");
}

static void add_zero(uint64_t offset)
{
	add_record(offset, RAM_ZERO);
	wire_u8(&wire, 0);
}

static void add_page(uint64_t offset, uint64_t size)
{
	add_record(offset, RAM_PAGE);
	wire_fill(&wire, 0xa5, size);
}

/* The end of the START, and the tail. */
static void end(void)
{
	wire_be64(&wire, RAM_EOS);
	wire_footer(&wire, 2);
	wire_device(&wire, 3, "timer", 24, true);
	wire_u8(&wire, SECTION_EOF);
}

static void opens(uint64_t expected)
{
	struct stream_item item;
	struct savetool_error err;

	assert_ok(input_open_memory(&in, wire.bytes, wire.size, &err), err);
	assert_ok(chunk_pool_new(&pool, 1, &err), err);
	assert_ok(stream_open(&stream, in, pool, 0, &err), err);
	stream.expected_page_size = expected;
	assert_int_equal(stream_next(&stream, &item, &err), 1);
	assert_ok(page_size_read_list(&stream, &err), err);
}

static void close_all(void)
{
	stream_close(&stream);
	chunk_pool_free(pool);
	input_close(in);
}

/* What is found of what was written, and whether it is more than a guess. */
static void finds(uint64_t expected, uint64_t page_size, bool guessed)
{
	uint64_t offset;

	opens(expected);
	offset = stream.reader.offset;
	assert_int_equal(stream.ram.layout.page_size, page_size);
	assert_int_equal(stream.page_size_guessed, guessed);
	assert_int_equal(stream.ram.layout.length, MEMORY);
	assert_int_equal(stream.footers, FOOTERS_UNKNOWN);
	assert_int_equal(stream.started_count, 1);
	assert_int_equal(get_be32(wire.bytes), STREAM_MAGIC);
	assert_memory_equal(stream.reader.next, wire.bytes + offset, 8);
	close_all();
}

TEST(one_page_with_data_shows_the_size)
{
	for (uint64_t size = RAM_PAGE_LEAST; size <= RAM_PAGE_MOST; size *= 2) {
		start();
		add_page(0, size);
		end();
		finds(0, size, false);
		/* Whatever the XML says. */
		finds(size == 4096 ? 8192 : 4096, size, false);
	}
}

TEST(adjoining_zero_pages_show_the_size)
{
	for (uint64_t size = RAM_PAGE_LEAST; size <= RAM_PAGE_MOST; size *= 2) {
		start();
		add_zero(size);
		add_zero(2 * size);
		add_zero(3 * size);
		end();
		finds(0, size, false);
	}
}

TEST(records_may_come_in_a_later_section)
{
	start();
	wire_be64(&wire, RAM_EOS);
	wire_footer(&wire, 2);
	wire_section(&wire, SECTION_START, 5, "spapr/htab", 1);
	wire_be32(&wire, 18);
	wire_footer(&wire, 5);
	wire_section(&wire, SECTION_PART, 2, NULL, 0);
	add_page(0, 8192);
	end();
	finds(0, 8192, false);
}

TEST(records_past_the_visible_part_are_not_needed)
{
	start();
	for (unsigned i = 0; wire.size < CHUNK_HEADROOM - 4096; i++)
		add_zero(i * 2048 % MEMORY);
	wire_fill(&wire, 0, sizeof(wire.bytes) - wire.size);
	finds(0, 2048, false);
}

TEST(one_zero_page_leaves_a_guess)
{
	start();
	add_zero(16384);
	end();
	finds(0, 4096, true);
	finds(8192, 8192, false);
	/* No size that the page could have. */
	finds(32768, 4096, true);
	start();
	add_zero(1024);
	end();
	finds(0, RAM_PAGE_LEAST, false);
}

TEST(records_that_fit_no_size_are_corrupt)
{
	start();
	add_record(0, RAM_PAGE | RAM_ZERO);
	end();
	finds(0, 4096, false);
	start();
	add_zero(0);
	finds(0, 4096, false);
}

TEST(damage_further_on_does_not_change_the_size)
{
	start();
	for (unsigned i = 0; i < 16; i++)
		add_page(i * 1024, 1024);
	wire_fill(&wire, 0xff, 65536);
	finds(0, 1024, false);
}

TEST(a_guess_makes_no_image_corrupt)
{
	struct savetool_error err;

	start();
	add_zero(0);
	end();
	opens(0);
	fail(&err, SAVETOOL_CORRUPT, "bad");
	assert_fails(stream_doubt_page_size(&stream, &err), err,
		     SAVETOOL_UNSUPPORTED,
		     "bad, assuming pages of 4096 bytes; the real page size is "
		     "unknown");
	assert_fails(stream_doubt_page_size(&stream, &err), err,
		     SAVETOOL_UNSUPPORTED,
		     "bad, assuming pages of 4096 bytes; the real page size is "
		     "unknown");
	stream.page_size_guessed = false;
	fail(&err, SAVETOOL_CORRUPT, "bad");
	assert_fails(stream_doubt_page_size(&stream, &err), err,
		     SAVETOOL_CORRUPT, "bad");
	close_all();
}

TEST(architectures_have_pages_of_one_size)
{
	assert_int_equal(page_size_of_arch("x86_64"), 4096);
	assert_int_equal(page_size_of_arch("sparc64"), 8192);
	assert_int_equal(page_size_of_arch("armv7l"), 1024);
	assert_int_equal(page_size_of_arch("vax"), 0);
	assert_int_equal(page_size_of_arch(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_with_data_shows_the_size),
		cmocka_unit_test(adjoining_zero_pages_show_the_size),
		cmocka_unit_test(records_may_come_in_a_later_section),
		cmocka_unit_test(records_past_the_visible_part_are_not_needed),
		cmocka_unit_test(one_zero_page_leaves_a_guess),
		cmocka_unit_test(records_that_fit_no_size_are_corrupt),
		cmocka_unit_test(damage_further_on_does_not_change_the_size),
		cmocka_unit_test(a_guess_makes_no_image_corrupt),
		cmocka_unit_test(architectures_have_pages_of_one_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
