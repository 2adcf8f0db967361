/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes that the kernel does in parts, or late. */
#include "config.h"

#include "io/write_all.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

/* Removes what was written from the front of the iovecs. */
static void advance(struct iovec **iov, unsigned *count, size_t size)
{
	while (*count > 0 && size >= (*iov)->iov_len) {
		size -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count > 0) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + size;
		(*iov)->iov_len -= size;
	}
}

/* One call's worth; waits if the file is only not ready yet. */
static ssize_t write_some(int fd, bool seekable, const struct iovec *iov,
			  unsigned count, uint64_t offset)
{
	int most = count < IOV_MAX ? count : IOV_MAX;
	ssize_t n;

	for (;;) {
		n = seekable ? pwritev(fd, iov, most, offset) :
			       writev(fd, iov, most);
		if (n >= 0)
			return n;
		if (errno == EAGAIN) {
			struct pollfd space = { .fd = fd, .events = POLLOUT };

			if (poll(&space, 1, -1) < 0 && errno != EINTR)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
}

int write_all(int fd, bool seekable, struct iovec *iov, unsigned count,
	      uint64_t *offset)
{
	advance(&iov, &count, 0);
	while (count > 0) {
		ssize_t n = write_some(fd, seekable, iov, count, *offset);

		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		*offset += n;
		advance(&iov, &count, n);
	}
	return 0;
}

int write_all_bytes(int fd, const void *data, size_t size, uint64_t *offset)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };

	return write_all(fd, true, &iov, 1, offset);
}
