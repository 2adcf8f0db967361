/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, temporary and final. */
#include "config.h"

#include "io/destination.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

/* A chain of symbolic links that is longer than this never ends. */
#define LINKS_LIMIT 40

/* From the present folder to that of this path, and its last name. */
static int enter(struct place *place, const char *path)
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
	fd = openat(place->folder, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		fd = openat(place->folder, folder,
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (place->folder >= 0)
		close(place->folder);
	place->folder = fd;
	strcpy(place->name, name);
	return 0;
}

int place_find(struct place *place, const char *path)
{
	char target[PATH_MAX];
	ssize_t size;

	if (enter(place, path) < 0)
		return -1;
	for (int i = 0; i < LINKS_LIMIT; i++) {
		size = readlinkat(place->folder, place->name, target,
				  sizeof(target) - 1);
		if (size < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -1;
		target[size] = '\0';
		if (enter(place, target) < 0)
			return -1;
	}
	errno = ELOOP;
	return -1;
}

/* How much of a name fits a longer one, and does not end in half a letter. */
static int fitting(const char *name, long most)
{
	long size = strlen(name);

	if (size <= most)
		return size;
	while (most > 0 && ((uint8_t)name[most] & 0xc0) == 0x80)
		most--;
	return most;
}

int place_create(struct place *place)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	static const char infix[] = ".savetool-";
	char suffix[7] = "";
	int fd;
	long most = fpathconf(place->folder, _PC_NAME_MAX);

	if (most <= 0 || most > NAME_MAX)
		most = NAME_MAX;
	most -= 1 + strlen(infix) + sizeof(suffix) - 1;
	do {
		if (getrandom(suffix, sizeof(suffix) - 1, 0) < 0)
			return -1;
		for (size_t i = 0; i < sizeof(suffix) - 1; i++)
			suffix[i] = letters[suffix[i] & 31];
		snprintf(place->temporary, sizeof(place->temporary),
			 ".%.*s%s%s", fitting(place->name, most), place->name,
			 infix, suffix);
		fd = openat(place->folder, place->temporary,
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	if (fd < 0) {
		place->temporary[0] = '\0';
		return -1;
	}
	/* Whatever the umask takes away. */
	fchmod(fd, 0600);
	return fd;
}

/* For a file system that cannot rename without replacing. */
static int link_instead(struct place *place)
{
	if (linkat(place->folder, place->temporary, place->folder, place->name,
		   0) < 0)
		return -1;
	unlinkat(place->folder, place->temporary, 0);
	return 0;
}

int place_settle(struct place *place, bool force)
{
	unsigned flags = force ? 0 : RENAME_NOREPLACE;
	int result = renameat2(place->folder, place->temporary, place->folder,
			       place->name, flags);

	if (result < 0 && !force && (errno == EINVAL || errno == ENOSYS))
		result = link_instead(place);
	if (result < 0)
		return -1;
	place->temporary[0] = '\0';
	return 0;
}

int place_sync(const struct place *place)
{
	/* A folder that may not be read, or knows no fsync(), is no fault. */
	if (fsync(place->folder) < 0 && errno != EBADF && errno != EINVAL)
		return -1;
	return 0;
}

void place_release(struct place *place)
{
	if (place->temporary[0])
		unlinkat(place->folder, place->temporary, 0);
	if (place->folder >= 0)
		close(place->folder);
}
