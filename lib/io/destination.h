/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The name that a file will have, and the temporary one beside it that it
 * has until it is complete: ".NAME.savetool-XXXXXX".
 */
#ifndef IO_DESTINATION_H
#define IO_DESTINATION_H

#include "savetool.h"

#include <limits.h>

struct destination {
	int folder;                   /* AT_FDCWD at first */
	char name[NAME_MAX + 1];      /* in folder */
	char temporary[NAME_MAX + 1]; /* in folder; empty: there is none */
};

/*
 * Finds folder and name of a path.  A symbolic link stays, and the place is
 * where it leads to, whether there is something or not: whoever keeps images
 * on another disk by links wants them to stay there.  -1: see errno.
 */
int destination_find(struct destination *destination, const char *path);

/* Opens a new file of mode 0600 under a temporary name.  -1: see errno. */
int destination_create(struct destination *destination);

/*
 * Gives the file its name.  Without force, nothing is ever replaced: EEXIST.
 * -1: see errno.
 */
int destination_publish(struct destination *destination, bool force);

/* Behind that: writes the folder to disk, name and all.  -1: see errno. */
int destination_sync(const struct destination *destination);

/* Removes the file if it has no name yet. */
void destination_release(struct destination *destination);

#endif
