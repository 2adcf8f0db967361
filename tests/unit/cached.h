/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of a file is in the page cache. */
#ifndef UNIT_CACHED_H
#define UNIT_CACHED_H

#include "scratch.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>

/* In bytes. */
static inline uint64_t cached(const char *name)
{
	size_t page = sysconf(_SC_PAGESIZE), count;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	unsigned char *resident;
	uint64_t found = 0;
	struct stat st;
	void *map;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	count = (st.st_size + page - 1) / page;
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	resident = malloc(count);
	assert_int_equal(mincore(map, st.st_size, resident), 0);
	for (size_t i = 0; i < count; i++)
		if (resident[i] & 1)
			found += page;
	free(resident);
	munmap(map, st.st_size);
	close(fd);
	return found;
}

/* Writes the file to disk and drops it from the page cache. */
static inline void uncache(const char *name)
{
	int fd = open(name, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	close(fd);
}

static inline void need_disk(void)
{
	struct statfs fs;

	assert_int_equal(statfs(".", &fs), 0);
	if (fs.f_type == TMPFS_MAGIC)
		skip_test("a file of tmpfs is nowhere else; set TMPDIR");
}

#endif
