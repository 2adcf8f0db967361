/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The blocks of a tar archive.  Facts: POSIX's pax(1) for ustar and the
 * extended header; the manual of GNU tar, "Storing Sparse Files", for version
 * 1.0, in which the map is the first part of the member's data.
 */
#include "config.h"

#include "io/tar_write.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 512
#define END_BLOCKS 2

/* The largest number of 11 octal digits. */
#define OCTAL_MOST UINT64_C(077777777777)

/* Offsets of the fields of a ustar header. */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_OWNER = 108,
	AT_GROUP = 116,
	AT_SIZE = 124,
	AT_MODIFIED = 136,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_VERSION = 263,
};
#define NAME_SIZE 100

static uint64_t padding(uint64_t size)
{
	return (BLOCK - size % BLOCK) % BLOCK;
}

static int pad(struct output *out, uint64_t size, struct savetool_error *err)
{
	static const uint8_t zeros[BLOCK];

	return output_append(out, zeros, padding(size), err);
}

/* What does not fit stands in the extended header, and is 0 here. */
static void put_octal(char *field, uint64_t value, int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*" PRIo64, digits,
		 value > OCTAL_MOST ? 0 : value);
	memcpy(field, text, digits + 1);
}

static int write_header(struct output *out, char type, const char *name,
			uint64_t size, time_t modified,
			struct savetool_error *err)
{
	char block[BLOCK] = { 0 };
	size_t length = strnlen(name, NAME_SIZE);
	unsigned sum = 0;

	memcpy(block + AT_NAME, name, length);
	put_octal(block + AT_MODE, 0600, 7);
	put_octal(block + AT_OWNER, 0, 7);
	put_octal(block + AT_GROUP, 0, 7);
	put_octal(block + AT_SIZE, size, 11);
	put_octal(block + AT_MODIFIED, modified > 0 ? (uint64_t)modified : 0,
		  11);
	memset(block + AT_CHECKSUM, ' ', 8);
	block[AT_TYPE] = type;
	memcpy(block + AT_MAGIC, "ustar", 6);
	memcpy(block + AT_VERSION, "00", 2);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint8_t)block[i];
	put_octal(block + AT_CHECKSUM, sum, 6);
	return output_append(out, block, BLOCK, err);
}

/* A record starts with its own length, whose digits count as well. */
static void put_record(FILE *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1;
	char digits[24];

	for (;;) {
		size_t with = rest + (size_t)snprintf(digits, sizeof(digits),
						      "%zu", length);

		if (with == length)
			break;
		length = with;
	}
	fprintf(records, "%zu %s=%s\n", length, key, value);
}

static void put_number(FILE *records, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	put_record(records, key, digits);
}

static void put_records(FILE *records, const struct tar_member *member,
			uint64_t stored)
{
	put_record(records, "GNU.sparse.major", "1");
	put_record(records, "GNU.sparse.minor", "0");
	put_record(records, "GNU.sparse.name", member->name);
	put_number(records, "GNU.sparse.realsize", member->size);
	if (stored > OCTAL_MOST)
		put_number(records, "size", stored);
}

/* A hole at the end is an empty range there, as GNU tar writes it. */
static void put_map(FILE *text, const struct tar_member *member)
{
	const struct tar_map *map = member->map;
	const struct tar_range *last =
		map->count > 0 ? &map->ranges[map->count - 1] : NULL;
	bool hole = !last || last->offset + last->length < member->size;

	fprintf(text, "%zu\n", map->count + hole);
	for (size_t i = 0; i < map->count; i++)
		fprintf(text, "%" PRIu64 "\n%" PRIu64 "\n",
			map->ranges[i].offset, map->ranges[i].length);
	if (hole)
		fprintf(text, "%" PRIu64 "\n0\n", member->size);
}

/* Text in memory that grows. */
static int open_text(FILE **stream, char **text, size_t *size,
		     struct savetool_error *err)
{
	*stream = open_memstream(text, size);
	return *stream ? 0 : fail_memory(err);
}

static int close_text(FILE *stream, struct savetool_error *err)
{
	bool bad = ferror(stream) != 0;

	return fclose(stream) != 0 || bad ? fail_memory(err) : 0;
}

static int make_records(char **text, size_t *size,
			const struct tar_member *member, uint64_t stored,
			struct savetool_error *err)
{
	FILE *stream;

	if (open_text(&stream, text, size, err) < 0)
		return -1;
	put_records(stream, member, stored);
	return close_text(stream, err);
}

static int make_map(char **text, size_t *size, const struct tar_member *member,
		    struct savetool_error *err)
{
	FILE *stream;

	if (open_text(&stream, text, size, err) < 0)
		return -1;
	put_map(stream, member);
	return close_text(stream, err);
}

/* The name for programs that do not know what a sparse member is. */
static int write_member_header(struct output *out,
			       const struct tar_member *member, uint64_t stored,
			       struct savetool_error *err)
{
	char name[NAME_SIZE + 1];
	const char *base = strrchr(member->name, '/');

	snprintf(name, sizeof(name), "GNUSparseFile.0/%s",
		 base ? base + 1 : member->name);
	return write_header(out, '0', name, stored, member->modified, err);
}

int tar_write_head(struct output *out, const struct tar_member *member,
		   struct savetool_error *err)
{
	cleanup_free char *records = NULL, *map = NULL;
	size_t records_size, map_size;
	uint64_t stored;

	if (make_map(&map, &map_size, member, err) < 0)
		return -1;
	stored = map_size + padding(map_size) + tar_map_data(member->map);
	if (make_records(&records, &records_size, member, stored, err) < 0 ||
	    write_header(out, 'x', "PaxHeaders/savetool", records_size,
			 member->modified, err) < 0 ||
	    output_append(out, records, records_size, err) < 0 ||
	    pad(out, records_size, err) < 0 ||
	    write_member_header(out, member, stored, err) < 0 ||
	    output_append(out, map, map_size, err) < 0)
		return -1;
	return pad(out, map_size, err);
}

int tar_write_end(struct output *out, const struct tar_member *member,
		  struct savetool_error *err)
{
	static const uint8_t end[END_BLOCKS * BLOCK];

	if (pad(out, tar_map_data(member->map), err) < 0)
		return -1;
	return output_append(out, end, sizeof(end), err);
}
