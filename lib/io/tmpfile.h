/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that have no name, and go when they are closed. */
#ifndef IO_TMPFILE_H
#define IO_TMPFILE_H

/*
 * Opens a new one in a folder, for reading and writing.  Where the file system
 * cannot make one, it has a name for a moment.  -1: see errno.
 */
int nameless_open(const char *folder);

#endif
