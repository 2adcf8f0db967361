/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recognises archives.  Facts: POSIX's pax(1) for tar and odc, cpio(5) of
 * FreeBSD for the others, APPNOTE.TXT of PKWARE for zip, 7zFormat.txt for 7z.
 */
#include "config.h"

#include "outer/archive_kind.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <string.h>

#define TAR_CHECKSUM 148
#define TAR_CHECKSUM_SIZE 8

/* An octal number with blanks before it; -1 if it is none. */
static long read_octal(const uint8_t *text, size_t size)
{
	size_t at = 0, start;
	long value = 0;

	while (at < size && text[at] == ' ')
		at++;
	for (start = at; at < size && text[at] >= '0' && text[at] <= '7'; at++)
		value = value * 8 + (text[at] - '0');
	if (at == start || (at < size && text[at] != ' ' && text[at] != '\0'))
		return -1;
	return value;
}

/*
 * The checksum is the one thing that all variants have.  It takes its own field
 * for blanks; programs of old added up signed bytes.
 */
static bool is_tar(const uint8_t *head, size_t size)
{
	long expected, sum = 0, as_signed = 0;

	if (size < ARCHIVE_HEAD || head[0] == '\0')
		return false;
	expected = read_octal(head + TAR_CHECKSUM, TAR_CHECKSUM_SIZE);
	for (size_t i = 0; i < ARCHIVE_HEAD; i++) {
		bool own = i >= TAR_CHECKSUM &&
			   i < TAR_CHECKSUM + TAR_CHECKSUM_SIZE;

		sum += own ? ' ' : head[i];
		as_signed += own ? ' ' : (int8_t)head[i];
	}
	return expected == sum || expected == as_signed;
}

#define CPIO_BINARY 26

/* The binary magic is two bytes only, so the mode has to be one, too. */
static bool is_binary_cpio(const uint8_t *head, size_t size)
{
	uint16_t (*get)(const void *);
	unsigned type, name_size;

	if (size < CPIO_BINARY)
		return false;
	if (get_le16(head) == 070707)
		get = get_le16;
	else if (get_be16(head) == 070707)
		get = get_be16;
	else
		return false;
	type = get(head + 6) & 0170000;
	name_size = get(head + 20);
	return (type == 0100000 || type == 0040000 || type == 0120000) &&
	       name_size > 1 && name_size <= 4096;
}

static bool is_cpio(const uint8_t *head, size_t size)
{
	static const char *const magics[] = { "070701", "070702", "070707" };

	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (size >= 6 && memcmp(head, magics[i], 6) == 0)
			return true;
	return is_binary_cpio(head, size);
}

/* With a member, or with none. */
static bool is_zip(const uint8_t *head, size_t size)
{
	return size >= 4 && (memcmp(head, "PK\3\4", 4) == 0 ||
			     memcmp(head, "PK\5\6", 4) == 0);
}

static bool is_7z(const uint8_t *head, size_t size)
{
	return size >= 6 && memcmp(head, "7z\xbc\xaf\x27\x1c", 6) == 0;
}

enum archive_kind archive_kind_find(const uint8_t *head, size_t size)
{
	if (is_tar(head, size))
		return ARCHIVE_KIND_TAR;
	if (is_cpio(head, size))
		return ARCHIVE_KIND_CPIO;
	if (is_zip(head, size))
		return ARCHIVE_KIND_ZIP;
	return is_7z(head, size) ? ARCHIVE_KIND_7Z : ARCHIVE_KIND_NONE;
}

const char *archive_kind_name(enum archive_kind kind)
{
	static const char *const names[] = {
		[ARCHIVE_KIND_TAR] = "tar",
		[ARCHIVE_KIND_CPIO] = "cpio",
		[ARCHIVE_KIND_ZIP] = "zip",
		[ARCHIVE_KIND_7Z] = "7z",
	};

	return names[kind];
}
