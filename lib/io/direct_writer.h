/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a file past the page cache, from any memory to any offset: adjoining
 * writes are gathered first.  Writes that are too small, and the unaligned ends
 * of others, go through the cache, and leave no traces.
 *
 * Bytes reach the file in the order in which they were given.
 */
#ifndef IO_DIRECT_WRITER_H
#define IO_DIRECT_WRITER_H

#include "savetool.h"

struct direct_writer;

/*
 * fd stays the caller's, and must outlive the writer.  direct is a descriptor
 * of the same file with O_DIRECT, which the writer takes over; -1: not
 * available.
 */
int direct_writer_new(struct direct_writer **writer, int fd, int direct,
		      struct savetool_error *err);

/* -1: see errno, and direct_failed_at(). */
int direct_write(struct direct_writer *writer, const void *data, size_t size,
		 uint64_t offset);

/* Writes what was gathered.  Until then the file may lack it. */
int direct_flush(struct direct_writer *writer);

/* The offset at which the last call failed, and the bytes written so far. */
uint64_t direct_failed_at(const struct direct_writer *writer);
uint64_t direct_written(const struct direct_writer *writer);

/* After all data was written to disk: drops the file from the page cache. */
void direct_drop_cache(struct direct_writer *writer);

/* Drops what was not flushed.  NULL is fine. */
void direct_writer_free(struct direct_writer *writer);

#endif
