/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables that release what they hold when they go out of scope. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *pointer)
{
	void **p = pointer;

	free(*p);
}

/* Keeps errno, so that a failure can be reported after the clean-up. */
static inline void cleanup_close_(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define cleanup_free __attribute__((cleanup(cleanup_free_)))
#define cleanup_close __attribute__((cleanup(cleanup_close_)))

/*
 * Takes the pointer out of its variable, so that the clean-up has nothing to
 * do.
 */
#define steal(pointer)                                                         \
	({                                                                     \
		__typeof__(pointer) stolen_ = (pointer);                       \
		(pointer) = NULL;                                              \
		stolen_;                                                       \
	})

#endif
