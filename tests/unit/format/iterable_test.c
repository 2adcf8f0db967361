/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections in several parts, each skipped to its end and no further. */
#include "config.h"

#include "format/iterable.h"

#include "unit/wire.h"

#define DIRTY "dirty-bitmap"
#define STORAGE "s390-storage_attributes"
#define HTAB "spapr/htab"
#define VFIO "0000:00:05.0/vfio"
#define VFIO_WORD UINT64_C(0xffffffffef100000)

static struct wire wire;

static int skip_wire(const char *name, enum section_type type, size_t size,
		     size_t *left, struct savetool_error *err)
{
	struct section section = { .type = type, .offset = 7, .version = 1 };
	struct reader reader;
	int result;

	strcpy(section.name, name);
	reader_init_memory(&reader, wire.bytes, size, 100);
	result = iterable_skip(&reader, &section, err);
	*left = reader_visible(&reader);
	return result;
}

/*
 * The payload that was written: passed as a whole, whatever follows; and
 * incomplete wherever it breaks off.
 */
static void passes(const char *name, enum section_type type)
{
	size_t size = wire.size, left;
	struct savetool_error err;

	wire_text(&wire, "\x7e more");
	assert_ok(skip_wire(name, type, wire.size, &left, &err), err);
	assert_int_equal(left, wire.size - size);
	for (size_t cut = 0; cut < size; cut++) {
		assert_int_equal(skip_wire(name, type, cut, &left, &err), -1);
		assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	}
	wire.size = 0;
}

static void refuses(const char *name, enum section_type type,
		    enum savetool_code code, const char *text)
{
	struct savetool_error err;
	size_t left;

	wire_fill(&wire, 0, 64);
	assert_fails(skip_wire(name, type, wire.size, &left, &err), err, code,
		     text);
	wire.size = 0;
}

/* As QEMU 10 sent it. */
TEST(a_real_start_of_a_dirty_bitmap)
{
	wire_bytes(&wire,
		   "\x1c\x02"
		   "d0\x02"
		   "b0\0\1\0\0\1\1",
		   13);
	passes(DIRTY, SECTION_START);
}

TEST(dirty_bitmaps)
{
	wire_bytes(&wire, "\x4c\1d\1b", 5); /* bits of this bitmap */
	wire_be64(&wire, 0);
	wire_be32(&wire, 64);
	wire_be64(&wire, 3);
	wire_text(&wire, "abc");
	wire_u8(&wire, 0x42); /* bits, all zero, of the same */
	wire_be64(&wire, 64);
	wire_be32(&wire, 64);
	wire_u8(&wire, 0x20); /* complete */
	wire_u8(&wire, 0x01);
	passes(DIRTY, SECTION_PART);
}

TEST(flags_of_dirty_bitmaps_can_have_several_bytes)
{
	wire_be16(&wire, 0x8020);
	wire_be32(&wire, 0x80800020);
	wire_be16(&wire, 0x8001);
	passes(DIRTY, SECTION_END);
}

TEST(what_proxmox_adds)
{
	wire_be64(&wire, 3);
	wire_text(&wire, "abc");
	passes(PROXMOX_SECTION, SECTION_START);
	wire_be64(&wire, 0);
	refuses(PROXMOX_SECTION, SECTION_PART, SAVETOOL_CORRUPT,
		"section 'pbs-state' has more than one part (at byte 7)");
}

TEST(storage_attributes)
{
	wire_be64(&wire, 1);
	passes(STORAGE, SECTION_START);
	wire_be64(&wire, 0x5002);
	wire_be64(&wire, 3);
	wire_text(&wire, "abc");
	wire_be64(&wire, 0x9002);
	wire_be64(&wire, 0);
	wire_be64(&wire, 1);
	passes(STORAGE, SECTION_PART);
	wire_be64(&wire, 8);
	wire_be64(&wire, 1);
	passes(STORAGE, SECTION_END);
}

TEST(storage_attributes_that_make_no_sense)
{
	wire_be64(&wire, 0x5003);
	refuses(STORAGE, SECTION_PART, SAVETOOL_CORRUPT,
		"section 's390-storage_attributes' has unexpected value 0x5003 "
		"before this byte (at byte 108)");
}

TEST(the_page_table_of_pseries)
{
	wire_be32(&wire, 18);
	passes(HTAB, SECTION_START);
	wire_be32(&wire, 0);
	wire_be32(&wire, 5);
	wire_be16(&wire, 2);
	wire_be16(&wire, 9);
	wire_fill(&wire, 0x11, 32);
	wire_be32(&wire, 0);
	wire_be16(&wire, 0);
	wire_be16(&wire, 4); /* invalid ones only: no end yet */
	wire_be64(&wire, 0);
	passes(HTAB, SECTION_PART);
}

TEST(no_page_table_of_pseries)
{
	wire_be32(&wire, UINT32_MAX);
	passes(HTAB, SECTION_START);
	wire_be32(&wire, UINT32_MAX);
	passes(HTAB, SECTION_PART);
	wire_be32(&wire, UINT32_MAX);
	passes(HTAB, SECTION_END);
}

TEST(a_page_table_that_makes_no_sense)
{
	wire_be32(&wire, 18);
	refuses(HTAB, SECTION_PART, SAVETOOL_CORRUPT,
		"section 'spapr/htab' has unexpected value 0x12 before this "
		"byte (at byte 104)");
}

TEST(devices_that_are_passed_through)
{
	wire_be64(&wire, VFIO_WORD + 3);
	wire_be64(&wire, VFIO_WORD + 1);
	passes(VFIO, SECTION_START);
	wire_be64(&wire, VFIO_WORD + 4);
	wire_be64(&wire, 5);
	wire_text(&wire, "abcde");
	wire_be64(&wire, VFIO_WORD + 4);
	wire_be64(&wire, 1);
	wire_text(&wire, "f");
	wire_be64(&wire, VFIO_WORD + 1);
	passes(VFIO, SECTION_PART);
	wire_be64(&wire, VFIO_WORD + 5);
	passes(VFIO, SECTION_PART);
}

TEST(passed_through_and_making_no_sense)
{
	wire_be64(&wire, VFIO_WORD + 2);
	refuses(VFIO, SECTION_PART, SAVETOOL_CORRUPT,
		"section '0000:00:05.0/vfio' has unexpected value "
		"0xffffffffef100002 before this byte (at byte 108)");
}

TEST(no_count_goes_beyond_the_end)
{
	struct savetool_error err;
	size_t left;

	wire_be64(&wire, VFIO_WORD + 4);
	wire_be64(&wire, UINT64_MAX);
	assert_int_equal(skip_wire(VFIO, SECTION_PART, wire.size, &left, &err),
			 -1);
	assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	wire.size = 0;
}

TEST(unknown_ones_are_unsupported)
{
	refuses("block", SECTION_START, SAVETOOL_UNSUPPORTED,
		"storage migration: the disks are in the stream, too (at byte "
		"7)");
	refuses("novelty", SECTION_START, SAVETOOL_UNSUPPORTED,
		"unknown section 'novelty': nothing shows where it ends, so "
		"what follows it cannot be read (at byte 7)");
	refuses("vfio", SECTION_START, SAVETOOL_UNSUPPORTED,
		"unknown section 'vfio': nothing shows where it ends, so "
		"what follows it cannot be read (at byte 7)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_start_of_a_dirty_bitmap),
		cmocka_unit_test(dirty_bitmaps),
		cmocka_unit_test(flags_of_dirty_bitmaps_can_have_several_bytes),
		cmocka_unit_test(storage_attributes),
		cmocka_unit_test(what_proxmox_adds),
		cmocka_unit_test(storage_attributes_that_make_no_sense),
		cmocka_unit_test(the_page_table_of_pseries),
		cmocka_unit_test(no_page_table_of_pseries),
		cmocka_unit_test(a_page_table_that_makes_no_sense),
		cmocka_unit_test(devices_that_are_passed_through),
		cmocka_unit_test(passed_through_and_making_no_sense),
		cmocka_unit_test(no_count_goes_beyond_the_end),
		cmocka_unit_test(unknown_ones_are_unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
