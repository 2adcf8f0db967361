/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reflinks of XFS, btrfs and others. */
#include "config.h"

#include "io/clone.h"

#include "io/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

int clone_range(int fd, uint64_t to, int source, uint64_t from, uint64_t length)
{
	const struct file_clone_range range = {
		.src_fd = source,
		.src_offset = from,
		.src_length = length,
		.dest_offset = to,
	};
	int result;

	do {
		result = ioctl(fd, FICLONERANGE, &range);
	} while (result < 0 && errno == EINTR);
	return result;
}

/* With a temporary file, which has no name. */
bool clone_works_beside(const char *path, int source)
{
	struct destination destination = { .folder = AT_FDCWD };
	bool works = false;
	int fd = -1;

	if (destination_find(&destination, path) == 0)
		fd = openat(destination.folder, ".",
			    O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0) {
		works = clone_range(fd, 0, source, 0, 0) == 0;
		close(fd);
	}
	destination_release(&destination);
	return works;
}
