/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading past the page cache: the same bytes, and no traces. */
#include "config.h"

#include "io/direct_reader.h"

#include "unit/cached.h"
#include "unit/mounts.h"

#define MIB (UINT64_C(1) << 20)
#define SIZE (3 * MIB + 777)

static uint8_t *data; /* of the file */

struct opened {
	int fd;
	struct direct_reader *reader;
};

static struct opened open_reader(const char *name, bool own)
{
	struct opened opened = { .fd = open(name, O_RDONLY | O_CLOEXEC) };
	struct savetool_error err;

	assert_true(opened.fd >= 0);
	assert_ok(direct_reader_new(&opened.reader, opened.fd, own, &err), err);
	return opened;
}

static void close_reader(struct opened *opened)
{
	direct_reader_free(opened->reader);
	close(opened->fd);
}

static bool is_direct(int fd)
{
	return fcntl(fd, F_GETFL) & O_DIRECT;
}

/* Reads all of it, or up to the end, wherever it lies. */
static void reads(struct direct_reader *reader, uint64_t offset, size_t size,
		  size_t misplaced)
{
	size_t expected = 0, done = 0;
	uint8_t *memory = aligned_alloc(4096, size / 4096 * 4096 + 8192);
	uint8_t *to = memory + misplaced;
	ssize_t n = 1;

	if (offset < SIZE)
		expected = size < SIZE - offset ? size : SIZE - offset;
	to[size] = 0x55;
	while (done < size && n > 0) {
		n = direct_read(reader, to + done, size - done, offset + done);
		assert_true(n >= 0);
		done += n;
	}
	assert_int_equal(done, expected);
	if (offset < SIZE)
		assert_memory_equal(to, data + offset, expected);
	assert_int_equal(to[size], 0x55);
	free(memory);
}

static void reads_anything(struct direct_reader *reader)
{
	static const size_t sizes[] = { 1,     92,     4095, 4096,       4097,
					65536, 100000, MIB,  MIB + 4096, SIZE };
	static const uint64_t offsets[] = { 0,    1,        4095,
					    4096, 8191,     67245,
					    MIB,  SIZE - 1, SIZE - 777,
					    SIZE, SIZE + 1, 2 * SIZE };
	static const size_t misplaced[] = { 0, 8, 512, 4000 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (unsigned j = 0; j < sizeof(offsets) / sizeof(*offsets);
		     j++)
			for (unsigned k = 0; k < 4; k++)
				reads(reader, offsets[j], sizes[i],
				      misplaced[k]);
}

TEST(any_offset_size_and_memory_will_do)
{
	struct opened opened;

	scratch_write("x", data, SIZE);
	opened = open_reader("x", true);
	reads_anything(opened.reader);
	close_reader(&opened);
}

TEST(nothing_is_left_in_the_cache)
{
	struct opened opened;

	need_disk();
	scratch_write("x", data, SIZE);
	uncache("x");
	opened = open_reader("x", true);
	assert_true(is_direct(opened.fd));
	reads_anything(opened.reader);
	assert_int_equal(cached("x"), 0);
	close_reader(&opened);
	assert_int_equal(cached("x"), 0);
}

TEST(pages_that_others_cached_stay)
{
	struct opened opened;
	uint64_t before;

	need_disk();
	scratch_write("x", data, SIZE);
	uncache("x");
	scratch_holds("x", data, SIZE);
	before = cached("x");
	assert_true(before > 0);
	opened = open_reader("x", true);
	reads_anything(opened.reader);
	close_reader(&opened);
	/* The kernel may take some back at any time; on btrfs, it does. */
	assert_true(cached("x") > before / 2);
}

TEST(the_flag_is_taken_back)
{
	struct opened opened;

	scratch_write("x", data, SIZE);
	opened = open_reader("x", true);
	direct_reader_free(opened.reader);
	assert_false(is_direct(opened.fd));
	close(opened.fd);
}

TEST(a_shared_open_file_keeps_its_flags)
{
	struct opened opened;

	need_disk();
	scratch_write("x", data, SIZE);
	uncache("x");
	opened = open_reader("x", false);
	assert_false(is_direct(opened.fd));
	reads_anything(opened.reader);
	assert_true(cached("x") > 0);
	close_reader(&opened);
	assert_int_equal(cached("x"), 0);
}

TEST(the_cache_is_not_filled_on_the_way)
{
	const uint64_t size = 80 * MIB;
	uint8_t *part = malloc(MIB);
	struct opened opened;

	need_disk();
	scratch_write("x", data, 0);
	assert_int_equal(truncate("x", size), 0);
	opened = open_reader("x", false);
	for (uint64_t at = 0; at < size; at += MIB)
		assert_int_equal(direct_read(opened.reader, part, MIB, at),
				 MIB);
	assert_true(cached("x") <= size / 2);
	close_reader(&opened);
	free(part);
}

TEST(a_file_system_without_it_is_read_all_the_same)
{
	struct opened opened;

	mount_here("ramfs", "");
	scratch_write("disk/x", data, SIZE);
	opened = open_reader("disk/x", true);
	if (is_direct(opened.fd))
		fail_test("ramfs has learned to read direct");
	reads_anything(opened.reader);
	close_reader(&opened);
}

static int fill_data(void **state)
{
	(void)state;
	data = malloc(SIZE);
	for (size_t i = 0; data && i < SIZE; i++)
		data[i] = i * 7 + i / 251;
	return data ? 0 : -1;
}

static int free_data(void **state)
{
	(void)state;
	free(data);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(any_offset_size_and_memory_will_do),
		scratch_test(nothing_is_left_in_the_cache),
		scratch_test(pages_that_others_cached_stay),
		scratch_test(the_flag_is_taken_back),
		scratch_test(a_shared_open_file_keeps_its_flags),
		scratch_test(the_cache_is_not_filled_on_the_way),
		mount_test(a_file_system_without_it_is_read_all_the_same),
	};

	return cmocka_run_group_tests(tests, fill_data, free_data);
}
