/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command does without memory: it says so and ends. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/*
 * Hands the pointer on if it is one.  Not for use while the library works, as
 * nothing would be tidied up.
 */
static inline void *must(void *pointer)
{
	if (pointer)
		return pointer;
	fputs("savetool: cannot allocate memory\n", stderr);
	exit(3);
}

#endif
