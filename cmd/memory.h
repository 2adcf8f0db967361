/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command does if it runs out of memory: it says so and exits. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/*
 * Returns the pointer unless it is NULL.  Not while the library works, as
 * nothing would be cleaned up.
 */
static inline void *must(void *pointer)
{
	if (pointer)
		return pointer;
	fputs("savetool: cannot allocate memory\n", stderr);
	exit(3);
}

#endif
