/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs that are files, block devices, or pipes. */
#include "config.h"

#include "io/output_file.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "io/attributes.h"
#include "io/clone.h"
#include "io/direct_writer.h"
#include "io/held_file.h"
#include "io/input.h"
#include "io/reopen.h"
#include "io/write_all.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* Block devices can clear only whole sectors; no sectors are larger. */
#define SECTOR_LIMIT 4096

static uint64_t written(const struct output_file *file)
{
	return file->direct ? direct_written(file->direct) : file->written;
}

static int fail_write(const struct output_file *file, uint64_t offset,
		      struct savetool_error *err)
{
	if (file->unnamed)
		fail_errno_at(err, offset,
			      "cannot write a temporary file in '%s'",
			      file->path);
	else if (file->path)
		fail_errno_at(err, offset, "cannot write '%s'", file->path);
	else
		fail_errno_at(err, offset, "cannot write standard output");
	return fail_full(err, written(file), file->expected);
}

/* Writes everything that was gathered to the file. */
static int flush(struct output_file *file, struct savetool_error *err)
{
	if (file->direct && direct_flush(file->direct) < 0)
		return fail_write(file, direct_failed_at(file->direct), err);
	return 0;
}

static int write_direct(struct output_file *file, const struct iovec *iov,
			unsigned count, uint64_t *offset,
			struct savetool_error *err)
{
	for (unsigned i = 0; i < count; i++) {
		if (direct_write(file->direct, iov[i].iov_base, iov[i].iov_len,
				 *offset) < 0)
			return fail_write(file, direct_failed_at(file->direct),
					  err);
		*offset += iov[i].iov_len;
	}
	return 0;
}

static int write_usual(struct output_file *file, struct iovec *iov,
		       unsigned count, uint64_t *offset,
		       struct savetool_error *err)
{
	uint64_t start = *offset;
	int failed =
		write_all(file->fd, file->base.seekable, iov, count, offset);

	file->written += *offset - start;
	return failed ? fail_write(file, *offset, err) : 0;
}

static int write_iov(struct output_file *file, struct iovec *iov,
		     unsigned count, uint64_t offset,
		     struct savetool_error *err)
{
	if ((file->direct ? write_direct(file, iov, count, &offset, err) :
			    write_usual(file, iov, count, &offset, err)) < 0)
		return -1;
	if (offset > file->end)
		file->end = offset;
	return 0;
}

static int write_zeros(struct output_file *file, uint64_t offset,
		       uint64_t length, struct savetool_error *err)
{
	static const uint8_t zeros[65536];

	while (length > 0) {
		size_t size = length < sizeof(zeros) ? length : sizeof(zeros);
		struct iovec iov = {
			.iov_base = (void *)zeros,
			.iov_len = size,
		};

		if (write_iov(file, &iov, 1, offset, err) < 0)
			return -1;
		offset += size;
		length -= size;
	}
	return 0;
}

static int punch_or_zero(struct output_file *file, uint64_t offset,
			 uint64_t length, struct savetool_error *err)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int result;

	if (length == 0)
		return 0;
	if (!file->punches)
		return write_zeros(file, offset, length, err);
	if (flush(file, err) < 0)
		return -1;
	do {
		result = fallocate(file->fd, mode, offset, length);
	} while (result < 0 && errno == EINTR);
	if (result == 0) {
		if (offset + length > file->end)
			file->end = offset + length;
		return 0;
	}
	if (errno == EOPNOTSUPP || errno == ENOSYS) {
		file->punches = false;
		return write_zeros(file, offset, length, err);
	}
	return fail_errno_at(err, offset, "cannot punch a hole");
}

/* Clears whole sectors without writing them; the rest is written. */
static int clear(struct output_file *file, uint64_t offset, uint64_t length,
		 struct savetool_error *err)
{
	uint64_t end = offset + length;
	uint64_t first = round_up(offset, SECTOR_LIMIT);
	uint64_t last = end / SECTOR_LIMIT * SECTOR_LIMIT;

	if (file->fresh)
		return punch_or_zero(file, offset, length, err);
	if (first >= last)
		return write_zeros(file, offset, length, err);
	if (write_zeros(file, offset, first - offset, err) < 0 ||
	    punch_or_zero(file, first, last - first, err) < 0)
		return -1;
	return write_zeros(file, last, end - last, err);
}

/* A hole over old content of a device has to be cleared. */
static int clear_gap(struct output_file *file, uint64_t offset,
		     struct savetool_error *err)
{
	if (file->fresh || !file->base.seekable || offset <= file->end)
		return 0;
	return clear(file, file->end, offset - file->end, err);
}

static int file_write_at(struct output *out, struct iovec *iov, unsigned count,
			 uint64_t offset, struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;

	size_t withheld = withheld_take(&file->withheld, iov, count, offset);

	if (clear_gap(file, offset, err) < 0 ||
	    write_zeros(file, offset, withheld, err) < 0)
		return -1;
	return write_iov(file, iov, count, offset + withheld, err);
}

static int file_punch(struct output *out, uint64_t offset, uint64_t length,
		      struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;

	/* Bytes that were never written already read as zeros. */
	if (offset >= file->end)
		return 0;
	if (length > file->end - offset)
		length = file->end - offset;
	return clear(file, offset, length, err);
}

/*
 * XFS preallocates storage at the end of a growing file, and keeps it there if
 * the file goes on after a hole.
 */
static int file_reach(struct output *out, uint64_t end,
		      struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;

	if (!file->fresh || end <= file->end)
		return 0;
	if (ftruncate(file->fd, end) < 0)
		return fail_write(file, end, err);
	file->end = end;
	return 0;
}

/*
 * But do not grow a copy that shares all storage of its source: for an end
 * within a block, XFS would allocate a block of its own, and more after it.
 */
static bool has_grown(const struct output_file *file, uint64_t end)
{
	struct stat st;

	return written(file) > 0 || fstat(file->fd, &st) < 0 ||
	       (uint64_t)st.st_size != end;
}

/*
 * Makes a hole at the end part of the file, and frees what XFS has preallocated
 * after it.  XFS would do that only at close, after everyone has looked at the
 * size.  A shared descriptor is left at the end, for whatever its owner writes
 * next.
 */
static int end_at(struct output_file *file, uint64_t position,
		  struct savetool_error *err)
{
	if (clear_gap(file, position, err) < 0 || flush(file, err) < 0)
		return -1;
	if (file->fresh || position > file->end) {
		uint64_t end = position > file->end ? position : file->end;

		if (has_grown(file, end) && ftruncate(file->fd, end) < 0)
			return fail_write(file, end, err);
		file->end = end;
	}
	if (file->shared >= 0)
		lseek(file->shared, file->end, SEEK_SET);
	return 0;
}

int fail_exists(struct savetool_error *err, const char *path)
{
	fail(err, SAVETOOL_REFUSED, "'%s' exists", path);
	err->sys_errno = EEXIST;
	return fail_hint(err, SAVETOOL_HINT_FORCE);
}

/*
 * A new file of that name, made meanwhile, is not ours to replace.  Nor is the
 * old one if another process has opened it while all was written to disk: what
 * it writes there would be lost.
 */
static int check_replaced(const struct output_file *file,
			  struct savetool_error *err)
{
	struct stat old, named;

	if (held_file_check(file->options.replaces, err) < 0)
		return -1;
	if (fstat(file->options.like_fd, &old) < 0)
		return fail_errno(err, "cannot examine '%s'", file->path);
	if (fstatat(file->destination.folder, file->destination.name, &named,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_dev == old.st_dev && named.st_ino == old.st_ino)
		return 0;
	return fail(
		err, SAVETOOL_REFUSED,
		"'%s' is no longer the same file: it was replaced or removed "
		"meanwhile",
		file->path);
}

static int give_name(struct output_file *file, struct savetool_error *err)
{
	bool force = file->options.force;

	if (file->options.replaces && check_replaced(file, err) < 0)
		return -1;
	if (destination_publish(&file->destination, force) < 0)
		return errno == EEXIST && !force ?
			       fail_exists(err, file->path) :
			       fail_errno(err, "cannot create '%s'",
					  file->path);
	/* The file that it may have replaced is gone: there is no way back. */
	if (destination_sync(&file->destination) < 0)
		return fail_errno(
			err,
			"'%s' is complete, but its directory cannot be written "
			"to disk",
			file->path);
	return 0;
}

static int write_to_disk(const struct output_file *file,
			 struct savetool_error *err)
{
	if (fsync(file->fd) == 0)
		return 0;
	fail_errno(err, "cannot write to disk");
	return fail_full(err, written(file), file->expected);
}

static int write_last(struct output_file *file, struct savetool_error *err)
{
	struct iovec iov = {
		.iov_base = file->last,
		.iov_len = file->last_size,
	};

	if (file->last_size == 0)
		return 0;
	if (write_to_disk(file, err) < 0 ||
	    write_iov(file, &iov, 1, file->last_offset, err) < 0)
		return -1;
	return flush(file, err);
}

/* All else is on the disk: now come the first bytes, which vouch for it. */
static int show_first(struct output_file *file, struct savetool_error *err)
{
	struct iovec iov = {
		.iov_base = file->withheld.bytes,
		.iov_len = file->withheld.size,
	};

	if (!file->withheld.active || file->withheld.size == 0)
		return 0;
	file->withheld.active = false;
	if (flush(file, err) < 0 || write_to_disk(file, err) < 0 ||
	    write_iov(file, &iov, 1, 0, err) < 0)
		return -1;
	return flush(file, err);
}

/* What was not committed must not look complete. */
static void take_back(struct output_file *file)
{
	struct savetool_error ignored;

	if (!file->final && file->withheld.size > 0 && !file->withheld.active &&
	    write_zeros(file, 0, file->withheld.size, &ignored) == 0)
		flush(file, &ignored);
}

static int file_commit(struct output *out, struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;

	if (!out->seekable)
		return 0;
	if (end_at(file, out->position, err) < 0 || show_first(file, err) < 0 ||
	    write_last(file, err) < 0)
		return -1;
	if (file->destination.temporary[0] && file->options.like_fd >= 0 &&
	    attributes_copy(file->fd, file->options.like_fd,
			    !file->options.changed, err) < 0)
		return -1;
	if (write_to_disk(file, err) < 0)
		return -1;
	if (file->direct)
		direct_drop_cache(file->direct);
	if (file->destination.temporary[0] && give_name(file, err) < 0)
		return -1;
	file->shared = -1;
	file->final = true;
	return 0;
}

static void file_close(struct output *out)
{
	struct output_file *file = (struct output_file *)out;

	take_back(file);
	/* If that fails, there is nothing left to do. */
	(void)!(file->shared >= 0 && ftruncate(file->fd, 0));
	direct_writer_free(file->direct);
	if (file->owned && file->fd >= 0)
		close(file->fd);
	destination_release(&file->destination);
	free(file->path);
	free(file);
}

static int file_read_at(struct output *out, void *data, size_t size,
			uint64_t offset, struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;
	uint8_t *at = data;

	if (flush(file, err) < 0)
		return -1;
	while (size > 0) {
		ssize_t n = pread(file->fd, at, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return fail_errno_at(err, offset, "cannot read back");
		at += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int file_write_direct(struct output *out, struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;

	if (!out->seekable || file->direct)
		return 0;
	return direct_writer_new(&file->direct, file->fd,
				 reopen(file->fd, O_WRONLY | O_DIRECT), err);
}

static int file_write_last(struct output *out, const void *data, size_t size,
			   uint64_t offset, struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;

	if (!out->seekable)
		return output_write_at(out, data, size, offset, err);
	memcpy(file->last, data, size);
	file->last_size = size;
	file->last_offset = offset;
	return 0;
}

static int file_flush(struct output *out, struct savetool_error *err)
{
	return flush((struct output_file *)out, err);
}

static int file_read_back(struct output *out, struct input **in,
			  struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;
	int fd, own;

	/* Whoever reads it back has to see all of it. */
	if (show_first(file, err) < 0 || flush(file, err) < 0)
		return -1;
	fd = reopen(file->fd, O_RDONLY);
	own = fd >= 0;
	if (fd < 0)
		fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, "cannot read back");
	if (input_open_fd(in, fd, err) < 0)
		return -1;
	if (!file->direct || input_read_direct(*in, own, err) == 0)
		return 0;
	input_close(*in);
	return -1;
}

static int file_fd(const struct output *out)
{
	return ((const struct output_file *)out)->fd;
}

static void file_expect(struct output *out, uint64_t bytes)
{
	((struct output_file *)out)->expected = bytes;
}

static int file_clone(struct output *out, int fd, uint64_t from, uint64_t to,
		      uint64_t length, struct savetool_error *err)
{
	struct output_file *file = (struct output_file *)out;
	struct stat st;

	/* Whatever is in a file that was there before would stay around it. */
	if (!file->fresh || flush(file, err) < 0)
		return file->fresh ? -1 : 0;
	if (clone_range(file->fd, to, fd, from, length) < 0)
		return errno == ENOSPC || errno == EDQUOT ?
			       fail_write(file, to, err) :
			       0;
	if (length == 0 && fstat(file->fd, &st) < 0)
		return fail_errno(err, "cannot examine the destination");
	if (length == 0)
		file->end = st.st_size;
	else if (to + length > file->end)
		file->end = to + length;
	return 1;
}

const struct output_ops output_file_ops = {
	.write_at = file_write_at,
	.read_at = file_read_at,
	.punch = file_punch,
	.commit = file_commit,
	.close = file_close,
	.reach = file_reach,
	.write_last = file_write_last,
	.write_direct = file_write_direct,
	.flush = file_flush,
	.read_back = file_read_back,
	.fd = file_fd,
	.expect = file_expect,
	.clone = file_clone,
};
