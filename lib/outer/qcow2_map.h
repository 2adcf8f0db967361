/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the bytes of a snapshot are in the qcow2 file: its L1 and L2 tables.
 * Only a few pieces of them are in memory.
 */
#ifndef OUTER_QCOW2_MAP_H
#define OUTER_QCOW2_MAP_H

#include "outer/qcow2.h"

enum qcow2_kind {
	QCOW2_HOLE, /* not allocated, or marked as zero */
	QCOW2_DATA,
	QCOW2_COMPRESSED, /* the cluster as a whole */
};

/* Bytes in a row of one kind; data lies in a row in the file, too. */
struct qcow2_range {
	enum qcow2_kind kind;
	uint64_t length;
	uint64_t host;      /* of data: the first byte's place in the file */
	uint32_t host_size; /* of a compressed cluster: at most so many */
};

struct qcow2_map;

/* The file and in stay the caller's.  Not for several threads. */
int qcow2_map_new(struct qcow2_map **map, const struct qcow2 *qcow2,
		  const struct qcow2_l1 *l1, struct input *in,
		  struct savetool_error *err);

/* NULL is fine. */
void qcow2_map_free(struct qcow2_map *map);

/* How many bytes the L1 table describes. */
uint64_t qcow2_map_size(const struct qcow2_map *map);

/* Where the VM state starts: after a disk of this size. */
uint64_t qcow2_map_state(const struct qcow2_map *map, uint64_t disk_size);

/*
 * The range at offset, which is below qcow2_map_size(); it may be shorter than
 * it could be.
 */
int qcow2_map_find(struct qcow2_range *range, struct qcow2_map *map,
		   uint64_t offset, struct savetool_error *err);

/* The same, but as long as it is, up to most bytes. */
int qcow2_map_find_all(struct qcow2_range *range, struct qcow2_map *map,
		       uint64_t offset, uint64_t most,
		       struct savetool_error *err);

#endif
