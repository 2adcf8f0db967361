/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Past the page cache: what O_DIRECT asks for, and what is left to do where
 * it cannot be had.
 */
#ifndef IO_DIRECT_H
#define IO_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read or written at once, at most. */
#define DIRECT_BUFFER (UINT64_C(1) << 20)

/* What memory, offset and length are multiples of on most file systems. */
#define DIRECT_GRAIN UINT64_C(4096)

/*
 * What they have to be multiples of for this file: a power of two, DIRECT_GRAIN
 * at least; 0: it cannot be read or written direct.
 */
size_t direct_grain(int fd);

/* Memory of DIRECT_BUFFER bytes, to be freed; NULL: there is none. */
void *direct_buffer(size_t grain);

/*
 * Before a direct read into this memory.  Where no page of memory is yet, btrfs
 * reads through the page cache.  What is there stays.
 */
void direct_touch(void *data, size_t size);

/*
 * Writes a few bytes where O_DIRECT is set, with the blocks around them, that
 * nobody else may change meanwhile.  1: done; 0: it is not to be done so; -1:
 * see errno.
 */
int direct_patch(int fd, const void *data, size_t size, uint64_t offset);

/* Bytes of a file that went through the page cache, and may still be there. */
struct traces {
	int fd;
	uint64_t size;
};

/* So many more: once they are many, the cache is to let go of them. */
void traces_add(struct traces *traces, uint64_t size);

/* Is it known that nothing of the file is in the cache?  Linux 6.5 tells. */
bool direct_uncached(int fd);

/*
 * Lets the cache drop the whole file.  What is not on the disk yet stays there,
 * but is on its way.
 */
void traces_drop(struct traces *traces);

#endif
