/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps what comes through a pipe. */
#include "config.h"

#include "io/spool.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define SPOOL_READ (UINT64_C(1) << 20)
#define SPOOL_BLOCK 4096

int spool_create(const char *folder, struct st_error *err)
{
	cleanup_free char *path = NULL;
	/* Without a name from the start where the file system knows how. */
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/.savetool-XXXXXX", folder) < 0) {
		path = NULL;
		return fail_memory(err);
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "cannot create a file in '%s'", folder);
	unlink(path);
	return fd;
}

static int write_block(int fd, const uint8_t *data, size_t size,
		       uint64_t offset, struct st_error *err)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, data, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno(err,
					  "cannot keep byte %" PRIu64
					  " in a temporary file",
					  offset);
		data += n;
		offset += n;
		size -= n;
	}
	return 0;
}

/* Writes what is not zero. */
static int keep(int fd, const uint8_t *data, size_t size, uint64_t offset,
		struct st_error *err)
{
	size_t at = 0;

	while (at < size) {
		size_t end = at;

		while (end < size) {
			size_t part = size - end < SPOOL_BLOCK ? size - end :
								 SPOOL_BLOCK;

			if (is_zero(data + end, part))
				break;
			end += part;
		}
		if (end > at &&
		    write_block(fd, data + at, end - at, offset + at, err) < 0)
			return -1;
		at = end + SPOOL_BLOCK;
	}
	return 0;
}

static int keep_rest(int fd, struct input *in, uint64_t offset,
		     struct st_error *err)
{
	cleanup_free uint8_t *data = malloc(SPOOL_READ);
	size_t got;

	if (!data)
		return fail_memory(err);
	do {
		if (input_read_at(in, data, SPOOL_READ, offset, &got, err) <
			    0 ||
		    keep(fd, data, got, offset, err) < 0)
			return -1;
		offset += got;
	} while (got > 0);
	if (ftruncate(fd, offset) < 0)
		return fail_errno(err, "cannot keep a temporary file");
	return 0;
}

int spool_open(struct input **spool, const char *folder, struct input *in,
	       const void *head, size_t head_size, uint64_t offset,
	       struct st_error *err)
{
	int fd = spool_create(folder, err);

	if (fd < 0)
		return -1;
	if (keep(fd, head, head_size, offset, err) < 0 ||
	    keep_rest(fd, in, offset + head_size, err) < 0) {
		close(fd);
		return -1;
	}
	return input_open_fd(spool, fd, err);
}
