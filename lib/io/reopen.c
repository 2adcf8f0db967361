/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By its name in /proc. */
#include "config.h"

#include "io/reopen.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

bool is_new_file(int fd, const struct stat *st)
{
	int flags = fcntl(fd, F_GETFL);

	return S_ISREG(st->st_mode) && st->st_size == 0 && flags >= 0 &&
	       !(flags & O_APPEND) && lseek(fd, 0, SEEK_CUR) == 0;
}
