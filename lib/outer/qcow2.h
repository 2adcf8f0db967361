/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A qcow2 file and the guests that QEMU has saved in its internal snapshots.
 * Sources, for facts: QEMU's docs/interop/qcow2.txt, block/qcow2-snapshot.c and
 * qcow2_vm_state_offset in block/qcow2.h.
 */
#ifndef OUTER_QCOW2_H
#define OUTER_QCOW2_H

#include "io/input.h"

/* Limits: QEMU opens no file beyond them, or we do not. */
#define QCOW2_SNAPSHOTS_MOST 65536
#define QCOW2_TABLE_MOST (16 << 20) /* bytes of the table of snapshots */
#define QCOW2_L1_MOST (4 << 20)     /* entries of an L1 table */

/* Where the clusters of a snapshot are. */
struct qcow2_l1 {
	uint64_t offset;
	uint32_t entries;
};

struct qcow2 {
	uint32_t version; /* 2: compat 0.10; 3: compat 1.1 */
	uint32_t cluster_bits;
	bool extended_l2; /* with 32 subclusters in each cluster */
	bool zstd;        /* its compressed clusters are not zlib's */
	bool corrupt;     /* marked so by QEMU */
	uint64_t disk_size;
	unsigned count;
	struct savetool_snapshot *snapshots;
	struct qcow2_l1 *l1; /* one each */

	/*
	 * Why no VM state can be read, though the snapshots can be listed: the
	 * file is encrypted, for example.  Its code is SAVETOOL_OK otherwise.
	 */
	struct savetool_error refused;
};

/*
 * Does a qcow2 file of version 2 or later start with these bytes?  More than
 * the magic is checked.
 */
bool qcow2_is_head(const uint8_t *head, size_t size);

/* Of such a head: is there a snapshot? */
bool qcow2_has_snapshots(const uint8_t *head);

/* Reads the header and the table of snapshots; in must be seekable. */
int qcow2_read(struct qcow2 **qcow2, struct input *in,
	       struct savetool_error *err);

/* NULL is fine. */
void qcow2_free(struct qcow2 *qcow2);

/*
 * Chooses the snapshot with this name or, if there is none, with this id. NULL:
 * the only one with VM state.  SAVETOOL_USAGE, with the names, if there are
 * several or none has this name; SAVETOOL_NOT_IMAGE if there is no VM state.
 */
int qcow2_choose(unsigned *index, const struct qcow2 *qcow2, const char *name,
		 struct savetool_error *err);

/*
 * Opens an input over the VM state of a snapshot.  Clusters that are not
 * allocated, or marked as zero, are holes.  Several threads may read it.  qcow2
 * and in, which must be seekable, stay the caller's.
 */
int qcow2_open_state(struct input **state, const struct qcow2 *qcow2,
		     unsigned index, struct input *in,
		     struct savetool_error *err);

static inline void cleanup_qcow2_(struct qcow2 **qcow2)
{
	qcow2_free(*qcow2);
}
#define cleanup_qcow2 __attribute__((cleanup(cleanup_qcow2_)))

#endif
