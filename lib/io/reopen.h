/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is open already, opened once more, in another way. */
#ifndef IO_REOPEN_H
#define IO_REOPEN_H

#include <stdbool.h>
#include <sys/stat.h>

/* As open(); also -1 where there is no /proc. */
int reopen(int fd, int flags);

#endif
