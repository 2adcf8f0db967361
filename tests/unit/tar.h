/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tar archives, header by header, which may claim what they like. */
#ifndef UNIT_TAR_H
#define UNIT_TAR_H

#include "wire.h"

#define TAR_BLOCK 512

static inline void tar_pad(struct wire *wire)
{
	wire_fill(wire, 0, -wire->size % TAR_BLOCK);
}

/* A ustar header; size is what it claims. */
static inline void tar_header(struct wire *wire, char type, const char *name,
			      const char *link, uint64_t size)
{
	char *block = (char *)wire->bytes + wire->size;
	unsigned sum = 0;

	wire_fill(wire, 0, TAR_BLOCK);
	snprintf(block, 100, "%s", name);
	memcpy(block + 100, "0000644", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	snprintf(block + 124, 12, "%011" PRIo64, size & 077777777777);
	memcpy(block + 136, "00000000000", 12);
	memset(block + 148, ' ', 8);
	block[156] = type;
	snprintf(block + 157, 100, "%s", link);
	memcpy(block + 257, "ustar\00000", 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (uint8_t)block[i];
	snprintf(block + 148, 8, "%06o", sum);
}

/* A file with these bytes. */
static inline void tar_file(struct wire *wire, const char *name,
			    const void *bytes, size_t size)
{
	tar_header(wire, '0', name, "", size);
	wire_bytes(wire, bytes, size);
	tar_pad(wire);
}

/* One record of the extended header of the next member: "key=value". */
static inline void tar_record(struct wire *wire, const char *record)
{
	size_t length = strlen(record) + 2;
	char text[1024];

	while ((size_t)snprintf(text, sizeof(text), "%zu %s\n", length,
				record) != length)
		length++;
	wire_bytes(wire, text, length);
}

/* The extended header, of records that are separated by '|'. */
static inline void tar_extended(struct wire *wire, const char *records)
{
	static struct wire list;
	char text[1024], *rest = text, *record;

	list.size = 0;
	snprintf(text, sizeof(text), "%s", records);
	while ((record = strsep(&rest, "|")))
		tar_record(&list, record);
	tar_header(wire, 'x', "PaxHeaders", "", list.size);
	wire_bytes(wire, list.bytes, list.size);
	tar_pad(wire);
}

/* A file in GNU tar's sparse format 1.0: its map, then its data. */
static inline void tar_sparse(struct wire *wire, const char *name,
			      const char *real_size, const char *map,
			      const void *bytes, size_t size)
{
	size_t map_size = strlen(map);
	char records[512];

	snprintf(records, sizeof(records),
		 "GNU.sparse.major=1|GNU.sparse.minor=0|GNU.sparse.name=%s|"
		 "GNU.sparse.realsize=%s",
		 name, real_size);
	tar_extended(wire, records);
	map_size += -map_size % TAR_BLOCK;
	tar_header(wire, '0', "GNUSparseFile.0/x", "", map_size + size);
	wire_text(wire, map);
	tar_pad(wire);
	wire_bytes(wire, bytes, size);
	tar_pad(wire);
}

static inline void tar_end(struct wire *wire)
{
	wire_fill(wire, 0, 2 * (size_t)TAR_BLOCK);
}

#endif
