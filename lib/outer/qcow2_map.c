/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks up clusters.  QEMU: docs/interop/qcow2.txt, "Cluster mapping". */
#include "config.h"

#include "outer/qcow2_map.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>

#define OFFSET_MASK UINT64_C(0x00fffffffffffe00)
#define COMPRESSED (UINT64_C(1) << 62)
#define ZERO UINT64_C(1)
#define SUBCLUSTERS 32
#define SECTOR 512

/* Pieces of tables: entries never cross the border of one. */
#define PIECE 4096
#define PIECES 32

struct piece {
	uint64_t offset; /* in the file */
	uint64_t used;   /* when it was, last; 0: never filled */
	size_t size;
	uint8_t bytes[PIECE];
};

struct qcow2_map {
	const struct qcow2 *qcow2;
	struct qcow2_l1 l1;
	struct input *in;
	unsigned l2_bits; /* of the number of entries of an L2 table */
	uint64_t uses;
	struct piece *last;
	struct piece pieces[PIECES];
};

int qcow2_map_new(struct qcow2_map **result, const struct qcow2 *qcow2,
		  const struct qcow2_l1 *l1, struct input *in,
		  struct savetool_error *err)
{
	struct qcow2_map *map = calloc(1, sizeof(*map));

	if (!map)
		return fail_memory(err);
	map->qcow2 = qcow2;
	map->l1 = *l1;
	map->in = in;
	map->l2_bits = qcow2->cluster_bits - (qcow2->extended_l2 ? 4 : 3);
	map->last = &map->pieces[0];
	*result = map;
	return 0;
}

void qcow2_map_free(struct qcow2_map *map)
{
	free(map);
}

static unsigned l1_bits(const struct qcow2_map *map)
{
	return map->qcow2->cluster_bits + map->l2_bits;
}

/* At most 4 Mi entries of 2^39 bytes each. */
uint64_t qcow2_map_size(const struct qcow2_map *map)
{
	return (uint64_t)map->l1.entries << l1_bits(map);
}

uint64_t qcow2_map_state(const struct qcow2_map *map, uint64_t disk_size)
{
	uint64_t unit = UINT64_C(1) << l1_bits(map);

	/* Too much for any table, without an overflow. */
	if (disk_size > INT64_MAX)
		return INT64_MAX;
	return round_up(disk_size, unit);
}

static struct piece *find_piece(struct qcow2_map *map, uint64_t offset)
{
	struct piece *oldest = &map->pieces[0];

	if (map->last->used > 0 && map->last->offset == offset)
		return map->last;
	for (unsigned i = 0; i < PIECES; i++) {
		struct piece *piece = &map->pieces[i];

		if (piece->used > 0 && piece->offset == offset)
			return piece;
		if (piece->used < oldest->used)
			oldest = piece;
	}
	oldest->used = 0;
	return oldest;
}

/* *entry stays valid until the next call. */
static int look_up(const uint8_t **entry, struct qcow2_map *map,
		   uint64_t offset, size_t size, struct savetool_error *err)
{
	uint64_t start = offset - offset % PIECE;
	struct piece *piece = find_piece(map, start);

	if (piece->used == 0) {
		if (input_read_all(map->in, piece->bytes, PIECE, start,
				   &piece->size, err) < 0)
			return -1;
		piece->offset = start;
	}
	if (offset - start + size > piece->size)
		return fail(err, SAVETOOL_INCOMPLETE,
			    "qcow2 file ends before byte %" PRIu64
			    ", in its tables",
			    offset + size);
	piece->used = ++map->uses;
	map->last = piece;
	*entry = piece->bytes + (offset - start);
	return 0;
}

static int check_offset(uint64_t offset, const struct qcow2_map *map,
			const char *what, struct savetool_error *err)
{
	if (offset % (UINT64_C(1) << map->qcow2->cluster_bits) == 0)
		return 0;
	return fail(err, SAVETOOL_CORRUPT,
		    "qcow2 file has %s at byte %" PRIu64
		    ", which is within a cluster",
		    what, offset);
}

/* A sector count that includes the first, partial one. */
static void set_compressed(struct qcow2_range *range, uint64_t entry,
			   unsigned cluster_bits)
{
	unsigned bits = 62 - (cluster_bits - 8);
	uint64_t sectors = (entry & (COMPRESSED - 1)) >> bits;

	range->kind = QCOW2_COMPRESSED;
	range->host = entry & ((UINT64_C(1) << bits) - 1);
	range->host_size =
		(uint32_t)((sectors + 1) * SECTOR - range->host % SECTOR);
}

/* within: how far from the cluster's start it is; length is the rest. */
static int set_subcluster(struct qcow2_range *range,
			  const struct qcow2_map *map, uint64_t host,
			  uint64_t bits, uint64_t within,
			  struct savetool_error *err)
{
	uint64_t size = (UINT64_C(1) << map->qcow2->cluster_bits) / SUBCLUSTERS;
	unsigned index = (unsigned)(within / size);
	bool allocated = bits >> index & 1, zero = bits >> (32 + index) & 1;

	if (allocated && (zero || host == 0))
		return fail(err, SAVETOOL_CORRUPT,
			    "qcow2 file has a subcluster that is allocated "
			    "and %s",
			    zero ? "zero" : "nowhere");
	range->kind = allocated ? QCOW2_DATA : QCOW2_HOLE;
	range->length = size - within % size;
	return 0;
}

static int set_cluster(struct qcow2_range *range, const struct qcow2_map *map,
		       const uint8_t *entry, uint64_t within,
		       struct savetool_error *err)
{
	const struct qcow2 *qcow2 = map->qcow2;
	uint64_t value = get_be64(entry), host = value & OFFSET_MASK;

	range->length = (UINT64_C(1) << qcow2->cluster_bits) - within;
	if (value & COMPRESSED) {
		set_compressed(range, value, qcow2->cluster_bits);
		return 0;
	}
	if (check_offset(host, map, "a cluster", err) < 0)
		return -1;
	range->host = host + within;
	if (qcow2->extended_l2)
		return set_subcluster(range, map, host, get_be64(entry + 8),
				      within, err);
	if ((value & ZERO) && qcow2->version < 3)
		return fail(err, SAVETOOL_CORRUPT,
			    "qcow2 file of version 2 has a zero cluster");
	range->kind = (value & ZERO) || host == 0 ? QCOW2_HOLE : QCOW2_DATA;
	return 0;
}

int qcow2_map_find(struct qcow2_range *range, struct qcow2_map *map,
		   uint64_t offset, struct savetool_error *err)
{
	uint64_t unit = UINT64_C(1) << l1_bits(map);
	uint64_t cluster = UINT64_C(1) << map->qcow2->cluster_bits;
	size_t size = map->qcow2->extended_l2 ? 16 : 8;
	const uint8_t *entry;
	uint64_t table;

	*range = (struct qcow2_range){ .kind = QCOW2_HOLE };
	if (look_up(&entry, map, map->l1.offset + (offset / unit) * 8, 8, err) <
	    0)
		return -1;
	table = get_be64(entry) & OFFSET_MASK;
	if (table == 0) {
		range->length = unit - offset % unit;
		return 0;
	}
	if (check_offset(table, map, "a table", err) < 0 ||
	    look_up(&entry, map, table + offset % unit / cluster * size, size,
		    err) < 0)
		return -1;
	return set_cluster(range, map, entry, offset % cluster, err);
}

static bool goes_on(const struct qcow2_range *range,
		    const struct qcow2_range *next)
{
	if (range->kind != next->kind)
		return false;
	return range->kind == QCOW2_HOLE ||
	       (range->kind == QCOW2_DATA &&
		range->host + range->length == next->host);
}

int qcow2_map_find_all(struct qcow2_range *range, struct qcow2_map *map,
		       uint64_t offset, uint64_t most,
		       struct savetool_error *err)
{
	struct qcow2_range next;

	if (most > qcow2_map_size(map) - offset)
		most = qcow2_map_size(map) - offset;
	if (qcow2_map_find(range, map, offset, err) < 0)
		return -1;
	while (range->length < most) {
		if (qcow2_map_find(&next, map, offset + range->length, err) < 0)
			return -1;
		if (!goes_on(range, &next))
			return 0;
		range->length += next.length;
	}
	range->length = most;
	return 0;
}
