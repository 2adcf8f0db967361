/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two files that share storage, where the file system can do that. */
#ifndef IO_CLONE_H
#define IO_CLONE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Lets the bytes of one file also be those of another at "to".  All numbers are
 * multiples of both files' blocks; a length of 0 means up to the end.  -1: see
 * errno.
 */
int clone_range(int fd, uint64_t to, int source, uint64_t from,
		uint64_t length);

/* Could a new file beside this path share storage with the source? */
bool clone_works_beside(const char *path, int source);

#endif
