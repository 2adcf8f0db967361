/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disk space: how much there is for what will be written. */
#ifndef IO_SPACE_H
#define IO_SPACE_H

#include "io/output.h"

#include <sys/stat.h>
#include <sys/statfs.h>

/* Bytes of a file system that this user can fill. */
uint64_t space_free(const struct statfs *fs);

/*
 * The storage that a file takes; SAVETOOL_UNKNOWN unless it is a regular file.
 */
uint64_t space_allocated(const struct stat *st);

/*
 * The length and storage of an open file, or of a device, whose storage is
 * SAVETOOL_UNKNOWN.  Anything else is SAVETOOL_REFUSED.
 */
int space_used(int fd, uint64_t *logical, uint64_t *allocated,
	       struct savetool_error *err);

/* The unit in which the file system allocates and frees storage. */
uint64_t space_block(int fd);

/*
 * How much out can hold: for a file, the free space of its file system; for a
 * device, its size; for anything else, SAVETOOL_UNKNOWN.
 */
int space_of(const struct output *out, uint64_t *space,
	     struct savetool_error *err);

/* SAVETOOL_REFUSED if needed is more than space. */
int space_compare(uint64_t needed, uint64_t space, struct savetool_error *err);

/* Does both for needed bytes, and makes out expect so many. */
int space_require(struct output *out, uint64_t needed,
		  struct savetool_error *err);

#endif
