/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathers writes that adjoin in the file, and writes whole blocks of them. */
#include "config.h"

#include "io/direct_writer.h"

#include "base/bytes.h"
#include "base/error.h"
#include "io/direct.h"
#include "io/write_all.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Each direct write waits for the disk, whereas others only leave work for
 * later.  For smaller writes, waiting costs more than it saves.
 */
#define DIRECT_LEAST (UINT64_C(256) << 10)

struct direct_writer {
	int fd;
	int direct;   /* -1: refused, or not available */
	size_t grain; /* of memory, offset and length */
	uint64_t failed_at;
	uint64_t written; /* bytes, including overwritten ones */
	struct traces traces;

	/*
	 * What was gathered: start to end of the buffer, which is aligned like
	 * the file.
	 */
	uint8_t *buffer;
	uint64_t offset; /* of its first byte, in the file */
	size_t start, end;
};

static void close_direct(struct direct_writer *writer)
{
	if (writer->direct >= 0)
		close(writer->direct);
	writer->direct = -1;
}

int direct_writer_new(struct direct_writer **result, int fd, int direct,
		      struct savetool_error *err)
{
	struct direct_writer *writer = calloc(1, sizeof(*writer));

	if (!writer) {
		if (direct >= 0)
			close(direct);
		return fail_memory(err);
	}
	writer->fd = writer->traces.fd = fd;
	writer->direct = direct;
	writer->grain = direct_grain(fd);
	if (writer->grain == 0) {
		close_direct(writer);
		writer->grain = DIRECT_GRAIN;
	}
	writer->buffer = direct_buffer(writer->grain);
	if (!writer->buffer) {
		direct_writer_free(writer);
		return fail_memory(err);
	}
	*result = writer;
	return 0;
}

void direct_writer_free(struct direct_writer *writer)
{
	if (!writer)
		return;
	close_direct(writer);
	free(writer->buffer);
	free(writer);
}

static int write_through_cache(struct direct_writer *writer, size_t start,
			       size_t end)
{
	const uint64_t from = writer->offset + start;
	uint64_t at = from;
	int failed = write_all_bytes(writer->fd, writer->buffer + start,
				     end - start, &at);

	writer->written += at - from;
	writer->failed_at = at;
	traces_add(&writer->traces, at - from);
	return failed;
}

static ssize_t write_some_past_cache(struct direct_writer *writer, size_t start,
				     size_t end)
{
	ssize_t n;

	do {
		n = pwrite(writer->direct, writer->buffer + start, end - start,
			   writer->offset + start);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = EIO;
	if (n > 0) {
		writer->written += n;
		return n;
	}
	writer->failed_at = writer->offset + start;
	return -1;
}

/*
 * Writes whole blocks.  The rest of a block after a short write goes through
 * the cache.
 */
static int write_past_cache(struct direct_writer *writer, size_t start,
			    size_t end)
{
	while (start < end && start % writer->grain == 0) {
		ssize_t n = write_some_past_cache(writer, start, end);

		/* The file system does not support O_DIRECT after all. */
		if (n < 0 && errno == EINVAL) {
			close_direct(writer);
			break;
		}
		if (n < 0)
			return -1;
		start += n;
	}
	return write_through_cache(writer, start, end);
}

int direct_flush(struct direct_writer *writer)
{
	size_t start = writer->start, end = writer->end;
	size_t first = round_up(start, writer->grain);
	size_t last = end - end % writer->grain;

	writer->start = writer->end = 0;
	if (writer->direct < 0 || last < first + DIRECT_LEAST)
		return write_through_cache(writer, start, end);
	if (write_through_cache(writer, start, first) < 0 ||
	    write_past_cache(writer, first, last) < 0)
		return -1;
	return write_through_cache(writer, last, end);
}

/* Makes space in the buffer for bytes at this offset, after those gathered. */
static int make_space(struct direct_writer *writer, uint64_t offset)
{
	if (writer->start < writer->end &&
	    (writer->offset + writer->end != offset ||
	     writer->end == DIRECT_BUFFER) &&
	    direct_flush(writer) < 0)
		return -1;
	if (writer->start == writer->end) {
		writer->start = writer->end = offset % writer->grain;
		writer->offset = offset - writer->start;
	}
	return 0;
}

int direct_write(struct direct_writer *writer, const void *data, size_t size,
		 uint64_t offset)
{
	const uint8_t *from = data;

	while (size > 0) {
		size_t part;

		if (make_space(writer, offset) < 0)
			return -1;
		part = DIRECT_BUFFER - writer->end;
		if (part > size)
			part = size;
		memcpy(writer->buffer + writer->end, from, part);
		writer->end += part;
		from += part;
		offset += part;
		size -= part;
	}
	return 0;
}

uint64_t direct_failed_at(const struct direct_writer *writer)
{
	return writer->failed_at;
}

uint64_t direct_written(const struct direct_writer *writer)
{
	return writer->written;
}

void direct_drop_cache(struct direct_writer *writer)
{
	/* Also drops what a file system has cached despite O_DIRECT. */
	traces_drop(&writer->traces);
}
