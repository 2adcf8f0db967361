/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs that are files, block devices, pipes, or memory. */
#include "config.h"

#include "io/input.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"
#include "io/direct_reader.h"
#include "io/extents.h"
#include "io/unwritten.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

struct input_file {
	struct input base;
	int fd;
	struct direct_reader *direct; /* NULL: through the page cache */
	bool holes;                   /* looking for holes has not failed yet */
	struct extents extents;       /* from the start */
	struct extent last;           /* the last one found after them */
	struct unwritten unwritten;
	bool divided; /* the last one found is data and unwritten space in one,
			 as SEEK_DATA sees it */
};

/* The longest time, in milliseconds, until a stop is noticed. */
#define PATIENCE 100

/* Waits until there are bytes, or the end, or an error to read. */
static int wait_for_bytes(const struct input_file *file,
			  struct savetool_error *err)
{
	const struct savetool_monitor *monitor = file->base.monitor;
	int wait = monitor && monitor->stopped ? PATIENCE : -1;
	struct pollfd bytes = { .fd = file->fd, .events = POLLIN };
	int ready;

	if (file->base.seekable)
		return 0;
	do {
		if (monitor_stopped(monitor) != 0)
			return fail_stopped(err);
		ready = poll(&bytes, 1, wait);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	return 0;
}

static ssize_t file_read_at(struct input *in, void *data, size_t size,
			    uint64_t offset, struct savetool_error *err)
{
	struct input_file *file = (struct input_file *)in;
	ssize_t n;

	if (wait_for_bytes(file, err) < 0)
		return -1;
	do {
		if (file->direct)
			n = direct_read(file->direct, data, size, offset);
		else if (in->seekable)
			n = pread(file->fd, data, size, offset);
		else
			n = read(file->fd, data, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno_at(err, offset, "cannot read");
	return n;
}

static void all_data(struct input_file *file, uint64_t offset,
		     struct extent *extent)
{
	*extent = (struct extent){
		.offset = offset,
		.length = file->base.size - offset,
	};
}

/* -1 with EINVAL: holes are not supported here. */
static off_t next_data(const struct input_file *file, uint64_t offset)
{
	off_t data = lseek(file->fd, offset, SEEK_DATA);

	return data < 0 && errno == ENXIO ? (off_t)file->base.size : data;
}

/* The end of the data at offset, even if it has just become a hole. */
static off_t data_end(const struct input_file *file, uint64_t offset)
{
	off_t end = lseek(file->fd, offset, SEEK_HOLE);

	return end == (off_t)offset ? next_data(file, offset) : end;
}

/*
 * ext4 and XFS call what was never written data once its pages are in the
 * cache, even if they were only read.  Such a part of the data is a hole like
 * any other.
 */
static void find_ahead(struct input_file *file, struct extent *data)
{
	uint64_t length = data->length;
	struct extent ahead;

	if (unwritten_find(&file->unwritten, file->fd, data->offset,
			   data->offset + length, &ahead) <= 0)
		return;
	if (ahead.offset > data->offset) {
		data->length = ahead.offset - data->offset;
	} else {
		if (ahead.length < length)
			data->length = ahead.length;
		data->hole = unwritten_holds_nothing(file->fd, data->offset,
						     data->length);
	}
	file->divided = data->length < length || data->hole;
}

/* Asks the file system; sets holes to false if it does not support them. */
static int ask(struct input_file *file, uint64_t offset, struct extent *extent,
	       struct savetool_error *err)
{
	bool after_hole = offset == extents_end(&file->extents) &&
			  extents_end_with_hole(&file->extents) &&
			  !file->divided;
	off_t end = offset;

	/* After a hole comes data: no need to ask. */
	if (!after_hole)
		end = next_data(file, offset);
	if (end < 0 && errno == EINVAL) {
		file->holes = false;
		return 0;
	}
	*extent = (struct extent){ offset, 0, end > (off_t)offset };
	if (end == (off_t)offset)
		end = data_end(file, offset);
	if (end < 0)
		return fail_errno(err, "cannot look for holes");
	if ((uint64_t)end > file->base.size)
		end = file->base.size;
	extent->length = end - offset;
	file->divided = false;
	if (!extent->hole)
		find_ahead(file, extent);
	return 0;
}

/* Looks up all extents up to offset, as long as there is space for them. */
static int learn(struct input_file *file, uint64_t offset,
		 struct savetool_error *err)
{
	struct extent extent;

	while (file->holes && !file->extents.full &&
	       extents_end(&file->extents) <= offset) {
		if (ask(file, extents_end(&file->extents), &extent, err) < 0)
			return -1;
		if (file->holes)
			extents_add(&file->extents, &extent);
	}
	return 0;
}

static bool recall(const struct input_file *file, uint64_t offset,
		   struct extent *extent)
{
	const struct extent *last = &file->last;

	if (extents_find(&file->extents, offset, extent))
		return true;
	if (offset < last->offset || offset - last->offset >= last->length)
		return false;
	*extent = (struct extent){
		.offset = offset,
		.length = last->offset + last->length - offset,
		.hole = last->hole,
	};
	return true;
}

/* A new hole still counts as data, which reads as zeros. */
static int file_extent(struct input *in, uint64_t offset, struct extent *extent,
		       struct savetool_error *err)
{
	struct input_file *file = (struct input_file *)in;

	if (recall(file, offset, extent))
		return 0;
	if (learn(file, offset, err) < 0)
		return -1;
	if (recall(file, offset, extent))
		return 0;
	if (file->holes && ask(file, offset, &file->last, err) < 0)
		return -1;
	if (file->holes)
		*extent = file->last;
	else
		all_data(file, offset, extent);
	return 0;
}

static int file_unwritten(struct input *in, uint64_t offset,
			  struct extent *range)
{
	struct input_file *file = (struct input_file *)in;

	/* Without holes, all of it counts as data. */
	if (!file->holes)
		return -1;
	return unwritten_find(&file->unwritten, file->fd, offset, UINT64_MAX,
			      range);
}

static void file_close(struct input *in)
{
	struct input_file *file = (struct input_file *)in;

	direct_reader_free(file->direct);
	extents_free(&file->extents);
	close(file->fd);
	free(file);
}

static int file_read_direct(struct input *in, bool own,
			    struct savetool_error *err)
{
	struct input_file *file = (struct input_file *)in;

	if (!in->seekable || file->direct)
		return 0;
	return direct_reader_new(&file->direct, file->fd, own, err);
}

static int file_fd(const struct input *in)
{
	return ((const struct input_file *)in)->fd;
}

static const struct input_ops file_ops = {
	.read_at = file_read_at,
	.extent = file_extent,
	.unwritten = file_unwritten,
	.close = file_close,
	.read_direct = file_read_direct,
	.fd = file_fd,
};

/* The kind of file decides how it is read. */
static int classify(struct input_file *file, struct savetool_error *err)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return fail_errno(err, "cannot examine");
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return fail_errno(err, "cannot read");
	}
	file->base.size = SAVETOOL_UNKNOWN;
	if (S_ISREG(st.st_mode)) {
		file->base.size = st.st_size;
		file->base.seekable = true;
		file->holes = true;
	} else if (S_ISBLK(st.st_mode)) {
		if (ioctl(file->fd, BLKGETSIZE64, &file->base.size) < 0)
			return fail_errno(err, "cannot determine its size");
		file->base.seekable = true;
		file->base.is_device = true;
	}
	return 0;
}

int input_open_fd(struct input **in, int fd, struct savetool_error *err)
{
	struct input_file *file = calloc(1, sizeof(*file));

	if (!file) {
		close(fd);
		return fail_memory(err);
	}
	file->base.ops = &file_ops;
	file->fd = fd;
	if (classify(file, err) < 0) {
		file_close(&file->base);
		return -1;
	}
	*in = &file->base;
	return 0;
}

/*
 * Opening a named pipe waits for its other end, and cannot be stopped.  So it
 * is opened without waiting; the first read waits instead.
 */
static int open_to_read(const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC;
	struct stat st;
	int fd;

	if (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode))
		return open(path, flags);
	fd = open(path, flags | O_NONBLOCK);
	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	return fd;
}

int input_open_file(struct input **in, const char *path,
		    struct savetool_error *err)
{
	int fd = open_to_read(path);

	if (fd < 0)
		return fail_errno(err, "cannot open");
	return input_open_fd(in, fd, err);
}

struct input_memory {
	struct input base;
	uint64_t start; /* offset of data */
	const uint8_t *data;
};

static ssize_t memory_read_at(struct input *in, void *data, size_t size,
			      uint64_t offset, struct savetool_error *err)
{
	struct input_memory *memory = (struct input_memory *)in;

	if (offset < memory->start)
		return fail_at(err, SAVETOOL_UNSUPPORTED, offset,
			       "cannot seek back: only data from byte %" PRIu64
			       " on is buffered",
			       memory->start);
	if (offset >= in->size)
		return 0;
	if (size > in->size - offset)
		size = in->size - offset;
	memcpy(data, memory->data + (offset - memory->start), size);
	return size;
}

static void memory_close(struct input *in)
{
	free(in);
}

static const struct input_ops memory_ops = {
	.read_at = memory_read_at,
	.close = memory_close,
};

int input_open_part(struct input **in, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err)
{
	struct input_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return fail_memory(err);
	memory->base.ops = &memory_ops;
	memory->base.size = offset + size;
	memory->base.seekable = true;
	memory->start = offset;
	memory->data = data;
	*in = &memory->base;
	return 0;
}

int input_open_memory(struct input **in, const void *data, size_t size,
		      struct savetool_error *err)
{
	return input_open_part(in, data, size, 0, err);
}
