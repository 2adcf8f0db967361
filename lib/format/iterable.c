/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammars of the sections that can come between RAM sections: dirty
 * bitmaps, s390 storage attributes, the page table of pseries, VFIO devices,
 * and what Proxmox VE adds.
 */
#include "config.h"

#include "format/iterable.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

static int unexpected(const struct reader *reader,
		      const struct section *section, uint64_t value,
		      struct savetool_error *err)
{
	return fail_at(err, SAVETOOL_CORRUPT, reader->offset,
		       "section '%s' has unexpected value 0x%" PRIx64
		       " before this byte",
		       section->name, value);
}

/* Skips a 64-bit count and so many bytes. */
static int skip_counted(struct reader *reader, struct savetool_error *err)
{
	uint64_t count;

	if (reader_be64(reader, &count, err) < 0)
		return -1;
	return reader_skip(reader, count, err);
}

/* QEMU: migration/block-dirty-bitmap.c */
enum dirty_bitmap_flag {
	DIRTY_EOS = 0x01,
	DIRTY_ZEROES = 0x02,
	DIRTY_BITMAP_NAME = 0x04,
	DIRTY_DEVICE_NAME = 0x08,
	DIRTY_START = 0x10,
	DIRTY_COMPLETE = 0x20,
	DIRTY_BITS = 0x40,
	DIRTY_EXTRA_FLAGS = 0x80,
};

/* One byte, or two or four: the first bit of each announces the next size. */
static int read_dirty_flags(struct reader *reader, uint32_t *flags,
			    struct savetool_error *err)
{
	uint8_t first, second;
	uint16_t rest;

	if (reader_u8(reader, &first, err) < 0)
		return -1;
	*flags = first;
	if (!(first & DIRTY_EXTRA_FLAGS))
		return 0;
	if (reader_u8(reader, &second, err) < 0)
		return -1;
	*flags = *flags << 8 | second;
	if (!(second & DIRTY_EXTRA_FLAGS))
		return 0;
	if (reader_be16(reader, &rest, err) < 0)
		return -1;
	*flags = *flags << 16 | rest;
	return 0;
}

static int skip_dirty_body(struct reader *reader, uint32_t flags,
			   struct savetool_error *err)
{
	if (flags & DIRTY_START) /* be32 granularity, 1 byte of flags */
		return reader_skip(reader, 5, err);
	if (!(flags & DIRTY_BITS))
		return 0;
	if (reader_skip(reader, 8 + 4, err) < 0) /* first sector, sectors */
		return -1;
	return flags & DIRTY_ZEROES ? 0 : skip_counted(reader, err);
}

static int skip_dirty_bitmap(struct reader *reader,
			     const struct section *section,
			     struct savetool_error *err)
{
	char name[STR8_SIZE];
	uint32_t flags;

	(void)section;
	for (;;) {
		if (read_dirty_flags(reader, &flags, err) < 0)
			return -1;
		if (flags & DIRTY_EOS)
			return 0;
		if ((flags & DIRTY_DEVICE_NAME &&
		     reader_str8(reader, name, err) < 0) ||
		    (flags & DIRTY_BITMAP_NAME &&
		     reader_str8(reader, name, err) < 0) ||
		    skip_dirty_body(reader, flags, err) < 0)
			return -1;
	}
}

/* QEMU: hw/s390x/s390-stattrib.c; the low bits of a word are its flag. */
static int skip_storage_attributes(struct reader *reader,
				   const struct section *section,
				   struct savetool_error *err)
{
	enum { EOS = 0x01, MORE = 0x02, ERROR = 0x04, DONE = 0x08 };
	uint64_t word;

	for (;;) {
		if (reader_be64(reader, &word, err) < 0)
			return -1;
		switch (word & 0xfff) {
		case EOS:
			return 0;
		case DONE:
			break;
		case MORE:
			if (skip_counted(reader, err) < 0)
				return -1;
			break;
		default:
			return unexpected(reader, section, word, err);
		}
	}
}

/* QEMU: hw/ppc/spapr.c; 16 bytes per entry, ended by an empty chunk. */
static int skip_htab(struct reader *reader, const struct section *section,
		     struct savetool_error *err)
{
	uint32_t word, index;
	uint16_t valid, invalid;

	if (reader_be32(reader, &word, err) < 0)
		return -1;
	if (section->type == SECTION_START || word == UINT32_MAX)
		return 0;
	if (word != 0)
		return unexpected(reader, section, word, err);
	for (;;) {
		if (reader_be32(reader, &index, err) < 0 ||
		    reader_be16(reader, &valid, err) < 0 ||
		    reader_be16(reader, &invalid, err) < 0)
			return -1;
		if (index == 0 && valid == 0 && invalid == 0)
			return 0;
		if (reader_skip(reader, valid * UINT64_C(16), err) < 0)
			return -1;
	}
}

/* QEMU: hw/vfio/migration.c */
static int skip_vfio(struct reader *reader, const struct section *section,
		     struct savetool_error *err)
{
	const uint64_t flag = UINT64_C(0xffffffffef100000);
	enum { END = 1, SETUP = 3, DATA = 4, INIT_DATA_SENT = 5 };
	uint64_t word;

	for (;;) {
		if (reader_be64(reader, &word, err) < 0)
			return -1;
		if (word == flag + END || word == flag + INIT_DATA_SENT)
			return 0;
		if (word == flag + DATA) {
			if (skip_counted(reader, err) < 0)
				return -1;
		} else if (word != flag + SETUP) {
			return unexpected(reader, section, word, err);
		}
	}
}

/* pve-qemu: one counted piece of data, in the START; there is nothing else. */
static int skip_proxmox(struct reader *reader, const struct section *section,
			struct savetool_error *err)
{
	if (section->version != PROXMOX_VERSION)
		return fail_at(err, SAVETOOL_UNSUPPORTED, section->offset,
			       "section '%s' has unknown version %" PRIu32,
			       section->name, section->version);
	if (section->type != SECTION_START)
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "section '%s' has more than one part",
			       section->name);
	return skip_counted(reader, err);
}

static bool is_vfio(const char *name)
{
	static const char suffix[] = "/vfio";
	size_t length = strlen(name);

	return length >= sizeof(suffix) - 1 &&
	       strcmp(name + length - (sizeof(suffix) - 1), suffix) == 0;
}

int iterable_skip(struct reader *reader, const struct section *section,
		  struct savetool_error *err)
{
	if (strcmp(section->name, "dirty-bitmap") == 0)
		return skip_dirty_bitmap(reader, section, err);
	if (strcmp(section->name, "s390-storage_attributes") == 0)
		return skip_storage_attributes(reader, section, err);
	if (strcmp(section->name, "spapr/htab") == 0)
		return skip_htab(reader, section, err);
	if (is_vfio(section->name))
		return skip_vfio(reader, section, err);
	if (strcmp(section->name, PROXMOX_SECTION) == 0)
		return skip_proxmox(reader, section, err);
	if (strcmp(section->name, "block") == 0) {
		fail_at(err, SAVETOOL_UNSUPPORTED, section->offset,
			"storage migration: the disks are in the stream, too");
		return fail_hint(err, SAVETOOL_HINT_SAVE_WITHOUT_DISKS);
	}
	return fail_at(err, SAVETOOL_UNSUPPORTED, section->offset,
		       "unknown section '%s': nothing shows where it ends, so "
		       "what follows it cannot be read",
		       section->name);
}
