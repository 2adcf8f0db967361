/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file system has allocated for a file ahead of its data: disk space
 * that nothing was ever written to, and that reads as zeros.
 */
#ifndef IO_UNWRITTEN_H
#define IO_UNWRITTEN_H

#include "io/input.h"

/* How many extents are asked for at once. */
#define UNWRITTEN_BATCH 128

struct unwritten {
	bool unknown;        /* the file system does not tell */
	uint64_t start, end; /* of what is known */
	size_t count;
	struct extent ranges[UNWRITTEN_BATCH];
};

/*
 * The first such range that starts before end, from offset on, or the rest of
 * the one that offset lies in; it may go beyond end, and beyond the end of the
 * file.  1, 0 if there is none, or -1 if the file system does not tell.  Data
 * that has not been flushed yet may lie in it.
 */
int unwritten_find(struct unwritten *unwritten, int fd, uint64_t offset,
		   uint64_t end, struct extent *range);

/*
 * Is this part of such a range one that nobody wrote to, and whose pages in the
 * cache, if there are any, were only read?  false: no, or the kernel does not
 * tell, as before Linux 6.5, or to whom the file does not belong.
 */
bool unwritten_holds_nothing(int fd, uint64_t offset, uint64_t length);

#endif
