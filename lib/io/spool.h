/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An unnamed temporary file that keeps what comes through a pipe, for readers
 * that go back and forth.  Zeros take no space.
 */
#ifndef IO_SPOOL_H
#define IO_SPOOL_H

#include "io/input.h"

/* The default folder, which is meant for large files; /tmp may be in memory. */
#define SPOOL_FOLDER "/var/tmp"

/*
 * The folder of a destination, or of the target if it is a symbolic link; for
 * "-", the default.  NULL: out of memory.
 */
char *spool_folder(const char *destination);

/* An unnamed temporary file, for reading and writing. */
struct spool {
	int fd;
	const char *folder; /* for messages; the caller's */
};

int spool_create(struct spool *spool, const char *folder,
		 struct savetool_error *err);

/* Keeps the bytes at this offset. */
int spool_write(const struct spool *spool, const void *data, size_t size,
		uint64_t offset, struct savetool_error *err);

/* Reads all size bytes; bytes that were not written are zero. */
int spool_read(const struct spool *spool, void *data, size_t size,
	       uint64_t offset, struct savetool_error *err);

/*
 * Reads in to its end, or to end, whichever comes first, and keeps it.  head is
 * what was read already, from offset on.  Each byte keeps its offset.  in stays
 * the caller's.
 *
 * If in fails within a member that is not its first one, see
 * input_ends_before_failure(), that is where it ends: *broken is the failure,
 * otherwise its code is SAVETOOL_OK.
 */
int spool_open(struct input **result, const char *folder, struct input *in,
	       const void *head, size_t head_size, uint64_t offset,
	       uint64_t end, struct savetool_error *broken,
	       struct savetool_error *err);

#endif
