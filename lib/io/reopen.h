/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens an open file once more, with other flags. */
#ifndef IO_REOPEN_H
#define IO_REOPEN_H

#include <stdbool.h>
#include <sys/stat.h>

/* As open(); also -1 if there is no /proc. */
int reopen(int fd, int flags);

#endif
