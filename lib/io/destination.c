/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary and final names. */
#include "config.h"

#include "io/destination.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

/* A longer chain of symbolic links never ends. */
#define LINKS_LIMIT 40

/* Moves from the current folder to the path's, and takes its last name. */
static int enter(struct destination *destination, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	cleanup_free char *folder =
		slash ? strndup(path, name - path) : strdup(".");
	int fd;

	if (!folder)
		return -1;
	if (!*name || strlen(name) > NAME_MAX) {
		errno = *name ? ENAMETOOLONG : slash ? EISDIR : ENOENT;
		return -1;
	}
	fd = openat(destination->folder, folder,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		fd = openat(destination->folder, folder,
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (destination->folder >= 0)
		close(destination->folder);
	destination->folder = fd;
	strcpy(destination->name, name);
	return 0;
}

int destination_find(struct destination *destination, const char *path)
{
	char target[PATH_MAX];
	ssize_t size;

	if (enter(destination, path) < 0)
		return -1;
	for (int i = 0; i < LINKS_LIMIT; i++) {
		size = readlinkat(destination->folder, destination->name,
				  target, sizeof(target) - 1);
		if (size < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -1;
		target[size] = '\0';
		if (enter(destination, target) < 0)
			return -1;
	}
	errno = ELOOP;
	return -1;
}

/* How much of a name fits into a longer one, without cutting a character. */
static int fitting(const char *name, long most)
{
	long size = strlen(name);

	if (size <= most)
		return size;
	while (most > 0 && ((uint8_t)name[most] & 0xc0) == 0x80)
		most--;
	return most;
}

int destination_create(struct destination *destination)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	static const char infix[] = ".savetool-";
	char suffix[7] = "";
	int fd;
	long most = fpathconf(destination->folder, _PC_NAME_MAX);

	if (most <= 0 || most > NAME_MAX)
		most = NAME_MAX;
	most -= 1 + strlen(infix) + sizeof(suffix) - 1;
	do {
		if (getrandom(suffix, sizeof(suffix) - 1, 0) < 0)
			return -1;
		for (size_t i = 0; i < sizeof(suffix) - 1; i++)
			suffix[i] = letters[suffix[i] & 31];
		snprintf(destination->temporary, sizeof(destination->temporary),
			 ".%.*s%s%s", fitting(destination->name, most),
			 destination->name, infix, suffix);
		fd = openat(destination->folder, destination->temporary,
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	if (fd < 0) {
		destination->temporary[0] = '\0';
		return -1;
	}
	/* Whatever the umask is. */
	fchmod(fd, 0600);
	return fd;
}

/* For a file system that cannot rename without replacing. */
static int link_instead(struct destination *destination)
{
	if (linkat(destination->folder, destination->temporary,
		   destination->folder, destination->name, 0) < 0)
		return -1;
	unlinkat(destination->folder, destination->temporary, 0);
	return 0;
}

int destination_publish(struct destination *destination, bool force)
{
	unsigned flags = force ? 0 : RENAME_NOREPLACE;
	int result = renameat2(destination->folder, destination->temporary,
			       destination->folder, destination->name, flags);

	if (result < 0 && !force && (errno == EINVAL || errno == ENOSYS))
		result = link_instead(destination);
	if (result < 0)
		return -1;
	destination->temporary[0] = '\0';
	return 0;
}

int destination_sync(const struct destination *destination)
{
	/*
	 * A folder that cannot be opened, or has no fsync(), is not an error.
	 */
	if (fsync(destination->folder) < 0 && errno != EBADF && errno != EINVAL)
		return -1;
	return 0;
}

void destination_release(struct destination *destination)
{
	if (destination->temporary[0])
		unlinkat(destination->folder, destination->temporary, 0);
	if (destination->folder >= 0)
		close(destination->folder);
}
