/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a file past the page cache, from any memory to any offset: what
 * adjoins is gathered first.  What is too small for that, and the ragged ends
 * of what is not, are written as others write, and leave no traces.
 *
 * Bytes reach the file in the order in which they were given.
 */
#ifndef IO_DIRECT_WRITER_H
#define IO_DIRECT_WRITER_H

#include "savetool.h"

struct direct_writer;

/*
 * fd stays the caller's, and outlives the writer.  direct is another opening
 * of the same file, with O_DIRECT, and the writer's from now on; -1: it could
 * not be had.
 */
int direct_writer_new(struct direct_writer **writer, int fd, int direct,
		      struct savetool_error *err);

/* -1: see errno, and direct_failed_at(). */
int direct_write(struct direct_writer *writer, const void *data, size_t size,
		 uint64_t offset);

/* Until then the file does not have all of it. */
int direct_flush(struct direct_writer *writer);

/* Where in the file the last call has failed, and how much it got before. */
uint64_t direct_failed_at(const struct direct_writer *writer);
uint64_t direct_written(const struct direct_writer *writer);

/* All is on the disk: the page cache keeps none of it. */
void direct_drop_cache(struct direct_writer *writer);

/* What was not flushed is lost.  NULL is fine. */
void direct_writer_free(struct direct_writer *writer);

#endif
