/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes until everything is written. */
#ifndef IO_WRITE_ALL_H
#define IO_WRITE_ALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Writes all of the iovecs, which it changes, at *offset; if not seekable, at
 * the current position.  *offset advances with what was written.  -1: see
 * errno.
 */
int write_all(int fd, bool seekable, struct iovec *iov, unsigned count,
	      uint64_t *offset);

/* The same for size bytes of a file. */
int write_all_bytes(int fd, const void *data, size_t size, uint64_t *offset);

#endif
