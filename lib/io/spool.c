/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps what comes through a pipe. */
#include "config.h"

#include "io/spool.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"
#include "io/tmpfile.h"
#include "io/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPOOL_READ (UINT64_C(1) << 20)
#define SPOOL_BLOCK 4096

char *spool_folder(const char *destination)
{
	cleanup_free char *real = NULL;
	const char *path = destination, *slash;

	if (strcmp(path, "-") == 0 || savetool_is_uri(path))
		return strdup(SPOOL_FOLDER);
	real = realpath(path, NULL);
	if (real)
		path = real;
	slash = strrchr(path, '/');
	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, slash - path);
}

int spool_create(struct spool *spool, const char *folder,
		 struct savetool_error *err)
{
	spool->folder = folder;
	spool->fd = tmpfile_open(folder);
	if (spool->fd < 0)
		return fail_errno(err, "cannot create a file in '%s'", folder);
	return 0;
}

/* It is known how much is kept so far, but not how much is still to come. */
static int fail_keep(const struct spool *spool, uint64_t offset,
		     struct savetool_error *err)
{
	struct stat st;

	fail_errno_at(err, offset, "cannot write a temporary file in '%s'",
		      spool->folder);
	if (fstat(spool->fd, &st) < 0)
		return -1;
	return fail_full(err, st.st_blocks * UINT64_C(512), SAVETOOL_UNKNOWN);
}

int spool_write(const struct spool *spool, const void *data, size_t size,
		uint64_t offset, struct savetool_error *err)
{
	if (write_all_bytes(spool->fd, data, size, &offset) == 0)
		return 0;
	return fail_keep(spool, offset, err);
}

/* A file system may return less than was asked for, even before the end. */
int spool_read(const struct spool *spool, void *data, size_t size,
	       uint64_t offset, struct savetool_error *err)
{
	uint8_t *to = data;
	size_t got = 0;

	while (got < size) {
		ssize_t n =
			pread(spool->fd, to + got, size - got, offset + got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err,
					  "cannot read a temporary file "
					  "in '%s'",
					  spool->folder);
		if (n == 0)
			break;
		got += n;
	}
	memset(to + got, 0, size - got);
	return 0;
}

/* Writes what is not zero. */
static int keep(const struct spool *spool, const uint8_t *data, size_t size,
		uint64_t offset, struct savetool_error *err)
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
		if (end > at && spool_write(spool, data + at, end - at,
					    offset + at, err) < 0)
			return -1;
		at = end + SPOOL_BLOCK;
	}
	return 0;
}

static int keep_rest(const struct spool *spool, struct input *in,
		     uint64_t offset, uint64_t end,
		     struct savetool_error *broken, struct savetool_error *err)
{
	cleanup_free uint8_t *data = malloc(SPOOL_READ);
	size_t size = SPOOL_READ, got;

	if (!data)
		return fail_memory(err);
	do {
		if (size > end - offset)
			size = end - offset;
		if (input_read_or_end(in, data, size, offset, &got, broken,
				      err) < 0 ||
		    keep(spool, data, got, offset, err) < 0)
			return -1;
		offset += got;
	} while (got > 0);
	if (ftruncate(spool->fd, offset) < 0)
		return fail_errno(err, "cannot create a temporary file");
	return 0;
}

int spool_open(struct input **result, const char *folder, struct input *in,
	       const void *head, size_t head_size, uint64_t offset,
	       uint64_t end, struct savetool_error *broken,
	       struct savetool_error *err)
{
	struct spool spool;

	broken->code = SAVETOOL_OK;
	if (spool_create(&spool, folder, err) < 0)
		return -1;
	if (keep(&spool, head, head_size, offset, err) < 0 ||
	    keep_rest(&spool, in, offset + head_size, end, broken, err) < 0) {
		close(spool.fd);
		return -1;
	}
	return input_open_fd(result, spool.fd, err);
}
