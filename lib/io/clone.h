/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two files that share storage, where the file system can do that. */
#ifndef IO_CLONE_H
#define IO_CLONE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Lets the bytes of one file, from an offset up to its end, also be those of
 * another at "to".  Offsets are multiples of both files' blocks.  -1: see
 * errno.
 */
int clone_range(int fd, uint64_t to, int source, uint64_t from);

/* Could a new file beside this path share storage with the source? */
bool clone_works_beside(const char *path, int source);

#endif
