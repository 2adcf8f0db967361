/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that is changed in place, while nobody else has it open: opened for
 * reading and writing, locked, and released as soon as another process opens
 * it.
 */
#ifndef IO_HELD_FILE_H
#define IO_HELD_FILE_H

#include "savetool.h"

#include <stdatomic.h>

struct held_file {
	int fd;         /* of a regular file, or of a block device */
	bool is_device; /* the latter */
	bool leased;    /* a process that opens it waits for us */
};

/*
 * Opens a regular file, or a block device.  SAVETOOL_REFUSED if another
 * process has it open or locked.  If the file system reports that only to the
 * file's owner, or to nobody, the lock alone decides.  A device is also refused
 * if it is mounted or claimed.
 */
int held_file_open(struct held_file *held, const char *path,
		   struct savetool_error *err);
void held_file_close(struct held_file *held);

/*
 * Is it still ours alone?  SAVETOOL_REFUSED if another process has tried to
 * open it, and is waiting.  Call this before each change.
 */
int held_file_check(const struct held_file *held, struct savetool_error *err);

/*
 * A monitor for a long task on such a file, on top of the caller's, which may
 * be NULL: it also stops the task as soon as another process opens the file.
 */
struct held_file_watch {
	struct savetool_monitor
		monitor; /* pass this one on; neither struct may move */
	const struct savetool_monitor *caller;
	const struct held_file *held;
	atomic_bool gave_way;
};

void held_file_watch_begin(struct held_file_watch *watch,
			   const struct held_file *held,
			   const struct savetool_monitor *caller);

/*
 * The task's result.  If the task was stopped because another process opened
 * the file, that is the error.
 */
int held_file_watch_end(const struct held_file_watch *watch, int result,
			struct savetool_error *err);

/*
 * Can the file have holes made?  SAVETOOL_REFUSED if the file system cannot;
 * changes nothing.  Of a device only the first hole shows that.
 */
int held_file_can_punch(const struct held_file *held,
			struct savetool_error *err);

/*
 * The same for a file that must not be changed, given by its descriptor: tried
 * with a temporary file in its folder.  Succeeds if nothing can be tried.
 */
int folder_can_punch(const char *folder, int fd, struct savetool_error *err);

/*
 * Makes a range a hole that reads as zeros; on a device, of whole blocks, and
 * never what it may answer with anything but zeros (a discard).
 */
int held_file_punch(const struct held_file *held, uint64_t offset,
		    uint64_t length, struct savetool_error *err);

/* Writes all size bytes. */
int held_file_write(const struct held_file *held, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err);

#endif
