/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all kinds of output have in common. */
#include "config.h"

#include "io/output.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>

#define ZEROS_SIZE 16384
#define ZEROS_IOVS 64

static size_t iov_size(const struct iovec *iov, unsigned count)
{
	size_t size = 0;

	for (unsigned i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size;
}

int output_append_iov(struct output *out, struct iovec *iov, unsigned count,
		      struct savetool_error *err)
{
	/* Computed before the writer changes them. */
	size_t size = iov_size(iov, count);

	if (out->ops->write_at(out, iov, count, out->position, err) < 0)
		return -1;
	out->position += size;
	return 0;
}

int output_append(struct output *out, const void *data, size_t size,
		  struct savetool_error *err)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };

	return output_append_iov(out, &iov, 1, err);
}

int output_write_at(struct output *out, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };

	if (out->seekable)
		return out->ops->write_at(out, &iov, 1, offset, err);
	if (offset != out->position)
		return fail_at(err, SAVETOOL_UNSUPPORTED, out->position,
			       "cannot seek to byte %" PRIu64 " in a stream",
			       offset);
	return output_append_iov(out, &iov, 1, err);
}

static int append_zeros(struct output *out, uint64_t length,
			struct savetool_error *err)
{
	static const uint8_t zeros[ZEROS_SIZE];
	struct iovec iov[ZEROS_IOVS];

	while (length > 0) {
		uint64_t given = 0;
		unsigned count = 0;

		while (count < ZEROS_IOVS && given < length) {
			uint64_t left = length - given;
			size_t size = left < ZEROS_SIZE ? left : ZEROS_SIZE;

			iov[count++] = (struct iovec){
				.iov_base = (void *)zeros,
				.iov_len = size,
			};
			given += size;
		}
		if (output_append_iov(out, iov, count, err) < 0)
			return -1;
		length -= given;
	}
	return 0;
}

int output_skip(struct output *out, uint64_t length, struct savetool_error *err)
{
	if (!out->seekable)
		return append_zeros(out, length, err);
	if (length > INT64_MAX - out->position) {
		errno = EFBIG;
		return fail_errno_at(err, out->position, "cannot write");
	}
	out->position += length;
	return 0;
}

int output_reach(struct output *out, uint64_t end, struct savetool_error *err)
{
	return out->ops->reach ? out->ops->reach(out, end, err) : 0;
}

int output_read_at(struct output *out, void *data, size_t size, uint64_t offset,
		   struct savetool_error *err)
{
	if (!out->ops->read_at)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "this output cannot be read back");
	return out->ops->read_at(out, data, size, offset, err);
}

int output_punch(struct output *out, uint64_t offset, uint64_t length,
		 struct savetool_error *err)
{
	if (!out->ops->punch)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "this output cannot have holes");
	return out->ops->punch(out, offset, length, err);
}

int output_write_last(struct output *out, const void *data, size_t size,
		      uint64_t offset, struct savetool_error *err)
{
	if (!out->ops->write_last)
		return output_write_at(out, data, size, offset, err);
	return out->ops->write_last(out, data, size, offset, err);
}

int output_write_direct(struct output *out, struct savetool_error *err)
{
	return out->ops->write_direct ? out->ops->write_direct(out, err) : 0;
}

int output_flush(struct output *out, struct savetool_error *err)
{
	return out->ops->flush ? out->ops->flush(out, err) : 0;
}

int output_read_back(struct output *out, struct input **in,
		     struct savetool_error *err)
{
	if (!out->ops->read_back)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "this output cannot be read back");
	return out->ops->read_back(out, in, err);
}

int output_fd(const struct output *out)
{
	return out->ops->fd ? out->ops->fd(out) : -1;
}

void output_expect(struct output *out, uint64_t bytes)
{
	if (out->ops->expect)
		out->ops->expect(out, bytes);
}

int output_clone(struct output *out, int fd, uint64_t from, uint64_t to,
		 uint64_t length, struct savetool_error *err)
{
	if (!out->ops->clone)
		return 0;
	return out->ops->clone(out, fd, from, to, length, err);
}

uint64_t output_capacity(const struct output *out)
{
	return out->ops->capacity ? out->ops->capacity(out) : SAVETOOL_UNKNOWN;
}

int output_commit(struct output *out, struct savetool_error *err)
{
	return out->ops->commit(out, err);
}

void output_close(struct output *out)
{
	if (out)
		out->ops->close(out);
}
