/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An empty folder for a test to run in, so that names are short and forgotten
 * files are noticed.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* A test that runs in such a folder. */
#define scratch_test(name)                                                     \
	cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

static int scratch_remove(const char *path, const struct stat *st, int type,
			  struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline int scratch_enter(void **state)
{
	const char *base = getenv("TMPDIR");
	char *path;

	if (asprintf(&path, "%s/savetool-unit-XXXXXX", base ? base : "/tmp") <
	    0)
		return -1;
	*state = path;
	return mkdtemp(path) ? chdir(path) : -1;
}

static inline int scratch_leave(void **state)
{
	char *path = *state;
	int result = chdir("/");

	if (nftw(path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0)
		result = -1;
	free(path);
	return result;
}

static inline void scratch_write(const char *name, const void *data,
				 size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* The file must have exactly these bytes. */
static inline void scratch_holds(const char *name, const void *data,
				 size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	uint8_t *found = malloc(size + 1);
	size_t got = 0;
	ssize_t n = -1;

	assert_true(fd >= 0);
	assert_non_null(found);
	while (got <= size && (n = read(fd, found + got, size + 1 - got)) > 0)
		got += n;
	close(fd);
	assert_int_equal(got, size);
	assert_memory_equal(found, data, size);
	free(found);
}

/* How many files in a folder have names that start like this. */
static inline unsigned scratch_count(const char *folder, const char *start)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strncmp(entry->d_name, start, strlen(start)) == 0)
			count++;
	closedir(dir);
	return count;
}

#endif
