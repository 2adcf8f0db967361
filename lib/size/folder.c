/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out what a file system can do by trying it.  Its name says little: what
 * it can do depends on how it was made, and on what it is stored.
 */
#include "config.h"

#include "base/error.h"
#include "io/clone.h"
#include "io/space.h"
#include "io/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger than the blocks of any file system. */
#define PROBE_SIZE (4 << 20)

/* Is a range that was never written a hole that takes no storage? */
static bool has_holes(int fd)
{
	struct stat st;

	return ftruncate(fd, PROBE_SIZE) == 0 && fstat(fd, &st) == 0 &&
	       st.st_blocks * UINT64_C(512) < PROBE_SIZE &&
	       lseek(fd, 0, SEEK_HOLE) == 0;
}

static bool shares(int from, const char *folder)
{
	int to = tmpfile_open(folder);
	bool result = to >= 0 && clone_range(to, 0, from, 0, 0) == 0;

	if (to >= 0)
		close(to);
	return result;
}

int savetool_folder_space(struct savetool_space *space, const char *folder,
			  struct savetool_error *err)
{
	struct statfs fs;
	struct stat st;
	int fd;

	if (stat(folder, &st) < 0 || statfs(folder, &fs) < 0)
		return fail_errno(err, "cannot examine '%s'", folder);
	if (!S_ISDIR(st.st_mode))
		return fail(err, SAVETOOL_USAGE, "'%s' is not a directory",
			    folder);
	*space = (struct savetool_space){
		.available = space_free(&fs),
	};
	fd = tmpfile_open(folder);
	if (fd < 0 && errno != EROFS && errno != EACCES && errno != EPERM &&
	    errno != ENOSPC && errno != EDQUOT)
		return fail_errno(err, "cannot test '%s' for holes", folder);
	if (fd < 0)
		return 0;
	space->writable = true;
	space->holes = has_holes(fd);
	space->shares = shares(fd, folder);
	close(fd);
	return 0;
}
