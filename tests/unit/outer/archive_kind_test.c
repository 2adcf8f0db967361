/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives are recognised by their first bytes. */
#include "config.h"

#include "outer/archive_kind.h"

#include "unit/tar.h"

static enum archive_kind kind_of(const void *bytes, size_t size)
{
	uint8_t head[ARCHIVE_HEAD] = { 0 };

	memcpy(head, bytes, size);
	return archive_kind_find(head, sizeof(head));
}

TEST(a_tar_header_is_known_by_its_checksum)
{
	static struct wire wire;

	tar_header(&wire, '0', "a\200b", "", 5);
	assert_int_equal(archive_kind_find(wire.bytes, 512), ARCHIVE_KIND_TAR);
	assert_int_equal(archive_kind_find(wire.bytes, 511), ARCHIVE_KIND_NONE);
	/* Added up as signed bytes, as it was once. */
	snprintf((char *)wire.bytes + 148, 8, "%06lo",
		 strtol((char *)wire.bytes + 148, NULL, 8) - 256);
	assert_int_equal(archive_kind_find(wire.bytes, 512), ARCHIVE_KIND_TAR);
	wire.bytes[300]++;
	assert_int_equal(archive_kind_find(wire.bytes, 512), ARCHIVE_KIND_NONE);
}

TEST(zeros_are_not_an_archive)
{
	assert_int_equal(kind_of("", 0), ARCHIVE_KIND_NONE);
	assert_int_equal(archive_kind_find(NULL, 0), ARCHIVE_KIND_NONE);
}

TEST(others_have_a_magic)
{
	assert_int_equal(kind_of("070701", 6), ARCHIVE_KIND_CPIO);
	assert_int_equal(kind_of("070702", 6), ARCHIVE_KIND_CPIO);
	assert_int_equal(kind_of("070707", 6), ARCHIVE_KIND_CPIO);
	assert_int_equal(kind_of("PK\3\4", 4), ARCHIVE_KIND_ZIP);
	assert_int_equal(kind_of("PK\5\6", 4), ARCHIVE_KIND_ZIP);
	assert_int_equal(kind_of("7z\xbc\xaf\x27\x1c", 6), ARCHIVE_KIND_7Z);
	assert_int_equal(kind_of("PK\7\10", 4), ARCHIVE_KIND_NONE);
}

/* Two bytes are not enough to believe it. */
TEST(a_binary_cpio_has_a_mode_and_a_name)
{
	uint8_t head[32] = { 0xc7, 0x71 };

	assert_int_equal(kind_of(head, sizeof(head)), ARCHIVE_KIND_NONE);
	memcpy(head + 6, "\xa4\x81", 2);
	assert_int_equal(kind_of(head, sizeof(head)), ARCHIVE_KIND_NONE);
	head[20] = 5;
	assert_int_equal(kind_of(head, sizeof(head)), ARCHIVE_KIND_CPIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tar_header_is_known_by_its_checksum),
		cmocka_unit_test(zeros_are_not_an_archive),
		cmocka_unit_test(others_have_a_magic),
		cmocka_unit_test(a_binary_cpio_has_a_mode_and_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
