/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block's pages on the map: bitmap against storage of any block size. */
#include "config.h"

#include "map/map.h"

#include "unit/check.h"

#define PAGE 4096
#define PAGES 16

/* A file that has storage where said[], one a KiB, is set. */
struct fake {
	struct input base;
	const char *said;
	uint8_t bytes[PAGES * PAGE];
};

static ssize_t fake_read(struct input *in, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	(void)err;
	if (offset >= in->size)
		return 0;
	if (size > in->size - offset)
		size = in->size - offset;
	memcpy(data, ((struct fake *)in)->bytes + offset, size);
	return size;
}

static int fake_extent(struct input *in, uint64_t offset, struct extent *extent,
		       struct savetool_error *err)
{
	const char *said = ((struct fake *)in)->said;
	uint64_t end = offset / 1024;

	(void)err;
	while (end < in->size / 1024 && said[end] == said[offset / 1024])
		end++;
	*extent = (struct extent){ offset, end * 1024 - offset,
				   said[offset / 1024] == '.' };
	return 0;
}

static const struct input_ops fake_ops = {
	.read_at = fake_read,
	.extent = fake_extent,
};

/* "page-data 0+2 = 8192", a line each; '.' behind what has no storage. */
static int write_down(void *data, const struct savetool_extent *extent)
{
	char line[80];

	snprintf(line, sizeof(line), "%s %d+%d=%d%s\n",
		 savetool_extent_type_name(extent->type), (int)extent->page,
		 (int)extent->pages, (int)extent->length,
		 extent->allocated ? "" : ".");
	strcat(data, line);
	return 0;
}

/* Pages by '#' present and '-' absent, storage by '#' and '.' for each KiB. */
static void maps(const char *pages, const char *storage, bool scan,
		 uint64_t ones_at, const char *expected)
{
	struct ram_block block = { .name = "b", .length = PAGE * PAGES };
	struct pass pass = { 0 };
	struct fake file = {
		.base = { .ops = &fake_ops, .seekable = true },
		.said = storage,
	};
	char text[4096] = "";
	struct map map = {
		.pass = &pass,
		.in = &file.base,
		.scan = scan,
		.each = write_down,
		.data = text,
	};
	struct bitmap bitmap;
	struct savetool_error err;

	file.base.size = strlen(storage) * UINT64_C(1024);
	file.bytes[ones_at] = 1;
	assert_true(bitmap_init(&bitmap, strlen(pages)));
	for (size_t i = 0; pages[i]; i++)
		if (pages[i] == '#')
			bitmap_set_range(&bitmap, i, 1);
	assert_ok(map_pages(&map, &block, &bitmap, PAGE, &err), err);
	assert_int_equal(map.at, strlen(pages) * PAGE);
	/* What is still parked. */
	assert_ok(map_put(&map, (struct savetool_extent){ 0 }, &err), err);
	assert_string_equal(text, expected);
	bitmap_free(&bitmap);
}

static void test_agreement(void **state)
{
	(void)state;
	maps("##--", "########........", false, 0,
	     "page-data 0+2=8192\nhole 2+2=8192.\n");
}

static void test_stale_and_lost(void **state)
{
	(void)state;
	maps("##--", "####....####....", false, 0,
	     "page-data 0+1=4096\nlost 1+1=4096.\nstale 2+1=4096\n"
	     "hole 3+1=4096.\n");
}

/* Blocks of 16 KiB: the neighbour's storage makes a page stale. */
static void test_large_blocks(void **state)
{
	(void)state;
	maps("#-------", "################................", false, 0,
	     "page-data 0+1=4096\nstale 1+3=12288\nhole 4+4=16384.\n");
}

/* Blocks of 1 KiB: a page that is partly stored is not lost. */
static void test_small_blocks(void **state)
{
	(void)state;
	maps("###", "#...........", false, 0,
	     "page-data 0+1=1024\npage-data 0+0=3072.\nlost 1+2=8192.\n");
	maps("###", "...#........", false, 0,
	     "page-data 0+1=3072.\npage-data 0+0=1024\nlost 1+2=8192.\n");
	maps("--", ".##.####", false, 0,
	     "hole 0+1=1024.\nstale 0+0=2048\nhole 0+0=1024.\n"
	     "stale 1+1=4096\n");
}

static void test_scan(void **state)
{
	(void)state;
	maps("####", "################", true, PAGE + 7,
	     "zero 0+1=4096\npage-data 1+1=4096\nzero 2+2=8192\n");
	maps("##-#", "################", true, 3 * PAGE,
	     "zero 0+2=8192\nstale 2+1=4096\npage-data 3+1=4096\n");
	/* What lies in a hole is lost, and not looked at. */
	maps("##", "####....", true, 0, "page-data 0+1=4096\nlost 1+1=4096.\n");
}

static int stop(void *data, const struct savetool_extent *extent)
{
	(void)data;
	(void)extent;
	return 1;
}

static void test_stops_when_told(void **state)
{
	struct pass pass = { 0 };
	struct map map = { .pass = &pass, .each = stop };
	struct savetool_error err;

	(void)state;
	assert_ok(map_put(&map, (struct savetool_extent){ .length = 1 }, &err),
		  err);
	assert_int_equal(map_put(&map,
				 (struct savetool_extent){ .length = 1,
							   .allocated = true },
				 &err),
			 -1);
	assert_int_equal(err.code, SAVETOOL_CANCELLED);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(savetool_extent_type_name(SAVETOOL_EXTENT_LEADING),
			    "leading");
	assert_string_equal(savetool_extent_type_name(SAVETOOL_EXTENT_TRAILING),
			    "trailing");
	assert_string_equal(
		savetool_extent_type_name(SAVETOOL_EXTENT_UNWRITTEN),
		"unwritten");
	assert_null(savetool_extent_type_name(SAVETOOL_EXTENT_UNWRITTEN + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_stale_and_lost),
		cmocka_unit_test(test_large_blocks),
		cmocka_unit_test(test_small_blocks),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_stops_when_told),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
