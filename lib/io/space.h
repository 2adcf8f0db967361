/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disk space: how much of it there is for what is going to be written. */
#ifndef IO_SPACE_H
#define IO_SPACE_H

#include "io/output.h"

#include <sys/statfs.h>

/* Bytes of a file system that this user can fill. */
uint64_t space_free(const struct statfs *fs);

/* What the file system of an open file stores and frees at once. */
uint64_t space_block(int fd);

/*
 * What out can hold: of a file, what is free on its file system; of a device,
 * all of it; of anything else, SAVETOOL_UNKNOWN.
 */
int space_of(const struct output *out, uint64_t *space,
	     struct savetool_error *err);

/* SAVETOOL_REFUSED if needed is more than the space. */
int space_compare(uint64_t needed, uint64_t space, struct savetool_error *err);

/* Both, for so many bytes, which out expects from now on. */
int space_require(struct output *out, uint64_t needed,
		  struct savetool_error *err);

#endif
