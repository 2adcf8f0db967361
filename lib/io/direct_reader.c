/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads whole blocks into aligned memory; other requests copy their part of
 * them.
 */
#include "config.h"

#include "io/direct_reader.h"

#include "base/bytes.h"
#include "base/error.h"
#include "io/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct direct_reader {
	int fd;
	size_t grain;
	atomic_bool direct; /* false: through the cache */

	/*
	 * The file was not in the cache at first, so whatever is there now is
	 * ours.  It can get there even with O_DIRECT: btrfs caches what it has
	 * compressed.
	 */
	bool uncached;
	pthread_mutex_t lock; /* for all that changes, but not for the file */
	uint8_t *buffer;
	struct traces traces;
};

/* The flag belongs to the open file description, not to the descriptor. */
static int set_direct(int fd, bool direct)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL,
		     direct ? flags | O_DIRECT : flags & ~O_DIRECT);
}

int direct_reader_new(struct direct_reader **result, int fd, bool own,
		      struct savetool_error *err)
{
	struct direct_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return fail_memory(err);
	pthread_mutex_init(&reader->lock, NULL);
	reader->fd = reader->traces.fd = fd;
	reader->grain = own ? direct_grain(fd) : 0;
	reader->direct = reader->grain > 0 && set_direct(fd, true) == 0;
	reader->uncached = direct_uncached(fd);
	if (reader->direct) {
		reader->buffer = direct_buffer(reader->grain);
		if (!reader->buffer) {
			direct_reader_free(reader);
			return fail_memory(err);
		}
	}
	*result = reader;
	return 0;
}

void direct_reader_free(struct direct_reader *reader)
{
	if (!reader)
		return;
	if (reader->direct)
		set_direct(reader->fd, false);
	if (reader->traces.size > 0)
		traces_drop(&reader->traces);
	pthread_mutex_destroy(&reader->lock);
	free(reader->buffer);
	free(reader);
}

static ssize_t read_some(int fd, void *data, size_t size, uint64_t offset)
{
	ssize_t n;

	do {
		n = pread(fd, data, size, offset);
	} while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t read_blocks(int fd, void *data, size_t size, uint64_t offset)
{
	direct_touch(data, size);
	return read_some(fd, data, size, offset);
}

static void leave_traces(struct direct_reader *reader, uint64_t size)
{
	pthread_mutex_lock(&reader->lock);
	traces_add(&reader->traces, size);
	pthread_mutex_unlock(&reader->lock);
}

static ssize_t read_through_cache(struct direct_reader *reader, void *data,
				  size_t size, uint64_t offset)
{
	ssize_t n = read_some(reader->fd, data, size, offset);

	if (n > 0)
		leave_traces(reader, n);
	return n;
}

/* The same; the caller has the buffer's lock. */
static ssize_t read_to_buffer(struct direct_reader *reader, void *data,
			      size_t size, uint64_t offset)
{
	size_t before = offset % reader->grain;
	size_t whole = DIRECT_BUFFER;
	ssize_t n;

	if (size < DIRECT_BUFFER - before)
		whole = round_up(before + size, reader->grain);
	n = read_blocks(reader->fd, reader->buffer, whole, offset - before);
	if (n < 0)
		return -1;
	if ((size_t)n <= before)
		return 0;
	if (size > n - before)
		size = n - before;
	memcpy(data, reader->buffer + before, size);
	return size;
}

/* Reads the blocks around the wanted bytes, and copies these. */
static ssize_t read_around(struct direct_reader *reader, void *data,
			   size_t size, uint64_t offset)
{
	ssize_t n;

	pthread_mutex_lock(&reader->lock);
	n = read_to_buffer(reader, data, size, offset);
	pthread_mutex_unlock(&reader->lock);
	return n;
}

/* The file system does not support O_DIRECT after all. */
static void give_up(struct direct_reader *reader)
{
	reader->direct = false;
	set_direct(reader->fd, false);
}

ssize_t direct_read(struct direct_reader *reader, void *data, size_t size,
		    uint64_t offset)
{
	size_t grain = reader->grain;
	ssize_t n;

	if (!reader->direct)
		return read_through_cache(reader, data, size, offset);
	if (size >= grain && offset % grain == 0 &&
	    (uintptr_t)data % grain == 0)
		n = read_blocks(reader->fd, data, size - size % grain, offset);
	else
		n = read_around(reader, data, size, offset);
	if (n > 0 && reader->uncached)
		leave_traces(reader, n);
	if (n >= 0 || errno != EINVAL)
		return n;
	give_up(reader);
	return read_through_cache(reader, data, size, offset);
}
