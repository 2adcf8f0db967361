/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file without a name that keeps what comes through a pipe, for whoever has
 * to go back and forth in it.  What is zero takes no room.
 */
#ifndef IO_SPOOL_H
#define IO_SPOOL_H

#include "io/input.h"

/* Where it lies if nobody says so: large files survive there. */
#define SPOOL_FOLDER "/var/tmp"

/*
 * The folder that a destination is in, or that a symbolic link of this name
 * leads to; for "-", that above.  NULL: no memory.
 */
char *spool_folder(const char *destination);

/* A file without a name, for reading and writing. */
struct spool {
	int fd;
	const char *folder; /* where it lies, for messages; the caller's */
};

int spool_create(struct spool *spool, const char *folder,
		 struct savetool_error *err);

/* Keeps the bytes at this offset. */
int spool_write(const struct spool *spool, const void *data, size_t size,
		uint64_t offset, struct savetool_error *err);

/* Reads all size bytes; those that nobody kept are zero. */
int spool_read(const struct spool *spool, void *data, size_t size,
	       uint64_t offset, struct savetool_error *err);

/*
 * Reads in to its end, or to this one, whichever comes first.  head is what was
 * read of it already, from offset on.  Each byte keeps its offset.  in stays
 * the caller's.
 */
int spool_open(struct input **result, const char *folder, struct input *in,
	       const void *head, size_t head_size, uint64_t offset,
	       uint64_t end, struct savetool_error *err);

#endif
