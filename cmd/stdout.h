/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Standard output, which may be a full disk or a pipe that nobody reads.  A
 * failure ends the program: not for use while the library works.
 */
#ifndef STDOUT_H
#define STDOUT_H

/* Writes out what was printed; call this right after printing much. */
void stdout_flush(void);

/* The same at the end of the program; returns the exit status. */
int stdout_close(int status);

#endif
