/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bypassing the page cache: what O_DIRECT requires, and what to do if it is not
 * available.
 */
#ifndef IO_DIRECT_H
#define IO_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that is read or written at once. */
#define DIRECT_BUFFER (UINT64_C(1) << 20)

/* Memory, offset and length are multiples of this on most file systems. */
#define DIRECT_GRAIN UINT64_C(4096)

/*
 * What they must be multiples of for this file: a power of two, at least
 * DIRECT_GRAIN; 0: O_DIRECT is not available.
 */
size_t direct_grain(int fd);

/* Allocates DIRECT_BUFFER bytes, to be freed; NULL: out of memory. */
void *direct_buffer(size_t grain);

/*
 * Before a direct read into this memory.  Where no page of memory is yet, btrfs
 * reads through the page cache.  What is there stays.
 */
void direct_touch(void *data, size_t size);

/*
 * Writes a few bytes to a file with O_DIRECT set, by rewriting the blocks
 * around them, which nobody else may change meanwhile.  1: done; 0: must be
 * written without O_DIRECT; -1: see errno.
 */
int direct_patch(int fd, const void *data, size_t size, uint64_t offset);

/* Bytes of a file that went through the page cache, and may still be there. */
struct traces {
	int fd;
	uint64_t size;
};

/* Adds bytes; if there are many, the cache drops them. */
void traces_add(struct traces *traces, uint64_t size);

/* Is it known that nothing of the file is in the cache?  Needs Linux 6.5. */
bool direct_uncached(int fd);

/*
 * Makes the cache drop the whole file.  Bytes that are not on the disk yet stay
 * there, but are being written.
 */
void traces_drop(struct traces *traces);

#endif
