/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that is changed where it lies, while nobody else has it: opened for
 * reading and writing, locked, and left alone as soon as someone wants it.
 */
#ifndef IO_INPLACE_H
#define IO_INPLACE_H

#include "savetool.h"

#include <stdatomic.h>

struct inplace {
	int fd;      /* of a regular file */
	bool leased; /* whoever opens it waits until we let go of it */
};

/*
 * Opens a regular file.  SAVETOOL_REFUSED if another process has it open or
 * locked. Where the file system tells that only to the file's owner, or to
 * nobody, the lock alone decides.
 */
int inplace_open(struct inplace *place, const char *path,
		 struct savetool_error *err);
void inplace_close(struct inplace *place);

/*
 * Is it still ours alone?  SAVETOOL_REFUSED when someone has come to open it,
 * and waits; to be asked before each change.
 */
int inplace_check(const struct inplace *place, struct savetool_error *err);

/*
 * A monitor for a long task on such a file, in front of the caller's, which
 * may be NULL: it also stops the task as soon as someone comes to open the
 * file.
 */
struct inplace_watch {
	struct savetool_monitor
		monitor; /* the one to hand on; neither is moved */
	const struct savetool_monitor *caller;
	const struct inplace *place;
	atomic_bool gave_way;
};

void inplace_watch_begin(struct inplace_watch *watch,
			 const struct inplace *place,
			 const struct savetool_monitor *caller);

/* What the task returned: if it was stopped to give way, that is the error. */
int inplace_watch_end(const struct inplace_watch *watch, int result,
		      struct savetool_error *err);

/*
 * Can the file have holes made?  SAVETOOL_REFUSED if the file system cannot;
 * changes nothing.
 */
int inplace_can_punch(const struct inplace *place, struct savetool_error *err);

/*
 * The same for a file in this folder that is not to be changed, by its
 * descriptor: tried in another one there.  Where nothing can be tried, nothing
 * speaks against it.
 */
int inplace_could_punch(const char *folder, int fd, struct savetool_error *err);

/* Makes a range a hole that reads as zeros. */
int inplace_punch(const struct inplace *place, uint64_t offset, uint64_t length,
		  struct savetool_error *err);

/* Writes all size bytes. */
int inplace_write(const struct inplace *place, const void *data, size_t size,
		  uint64_t offset, struct savetool_error *err);

#endif
