/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The name that a file will have, and its temporary name in the same folder
 * until it is complete: ".NAME.savetool-XXXXXX".
 */
#ifndef IO_DESTINATION_H
#define IO_DESTINATION_H

#include "savetool.h"

#include <limits.h>

struct destination {
	int folder;                   /* AT_FDCWD at first */
	char name[NAME_MAX + 1];      /* in folder */
	char temporary[NAME_MAX + 1]; /* in folder; "": none */
};

/*
 * Finds folder and name of a path.  A symbolic link stays: the destination is
 * its target, which need not exist.  Users who link images to another disk want
 * them to stay there.  -1: see errno.
 */
int destination_find(struct destination *destination, const char *path);

/* Creates a file of mode 0600 under a temporary name.  -1: see errno. */
int destination_create(struct destination *destination);

/*
 * Gives the file its name.  Without force nothing is ever replaced: EEXIST.
 * -1: see errno.
 */
int destination_publish(struct destination *destination, bool force);

/*
 * After that: writes the folder, with the name in it, to disk.  -1: see errno.
 */
int destination_sync(const struct destination *destination);

/* Removes the file if it does not have its name yet. */
void destination_release(struct destination *destination);

#endif
