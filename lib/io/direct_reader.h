/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a file past the page cache, from any offset into any memory.  If
 * O_DIRECT is refused it reads through the cache, and leaves no traces.
 */
#ifndef IO_DIRECT_READER_H
#define IO_DIRECT_READER_H

#include "savetool.h"

#include <sys/types.h>

struct direct_reader;

/*
 * The descriptor stays the caller's, and must outlive the reader.  own: nobody
 * else uses this open file description, so O_DIRECT may be set on it.
 */
int direct_reader_new(struct direct_reader **reader, int fd, bool own,
		      struct savetool_error *err);

/*
 * Like pread(): may read less than asked for, but not nothing.  Threads may
 * read at the same time; they do so in parallel if memory and offset are
 * aligned.
 */
ssize_t direct_read(struct direct_reader *reader, void *data, size_t size,
		    uint64_t offset);

/* NULL is fine. */
void direct_reader_free(struct direct_reader *reader);

#endif
