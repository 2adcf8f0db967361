/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unnamed temporary files. */
#ifndef IO_TMPFILE_H
#define IO_TMPFILE_H

/*
 * Creates one in a folder, for reading and writing; closing it removes it.  If
 * the file system has no O_TMPFILE, it has a name for a moment.  -1: see errno.
 */
int tmpfile_open(const char *folder);

#endif
