/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots in a disk image.  Part of savetool.h. */
#ifndef SAVETOOL_SNAPSHOT_H
#define SAVETOOL_SNAPSHOT_H

/* An internal snapshot of a qcow2 file (QEMU's docs/interop/qcow2.txt). */
struct savetool_snapshot {
	const char *id; /* unique in the file: "1" */
	const char *name;
	uint64_t seconds;       /* when it was made, since 1970 */
	uint32_t nanoseconds;   /* and these */
	uint64_t guest_time;    /* how long the guest had run, nanoseconds */
	uint64_t vm_state_size; /* 0: it has no guest, only a disk */
	uint64_t disk_size;
};

#endif
