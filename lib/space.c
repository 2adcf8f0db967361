/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room on the file system, against what an image holds. */
#include "config.h"

#include "space.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Bytes of pages that hold data; all else of an image is small. */
static uint64_t page_bytes(const struct st_info *info)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->block_count; i++) {
		const struct st_block *block = &info->blocks[i];
		uint64_t pages = block->pages_present;

		if (pages == ST_UNKNOWN)
			return info->sizes.logical - info->stream_offset;
		if (block->pages_zero != ST_UNKNOWN)
			pages -= block->pages_zero;
		bytes += pages * block->page_size;
	}
	return bytes;
}

/* Of a file, what is free around it; of a device, all of it. */
static int room_of(const struct output *out, uint64_t *room,
		   struct st_error *err)
{
	int fd = output_fd(out);
	struct statvfs fs;
	struct stat st;

	*room = ST_UNKNOWN;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot examine the destination");
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, room) < 0)
		return fail_errno(err, "cannot tell the size of a device");
	if (!S_ISREG(st.st_mode))
		return 0;
	if (fstatvfs(fd, &fs) < 0)
		return fail_errno(err, "cannot examine the file system");
	*room = (geteuid() == 0 ? fs.f_bfree : fs.f_bavail) *
		(uint64_t)fs.f_frsize;
	return 0;
}

/* A device has no holes to leave out. */
static bool fits_device(const struct st_info *info, enum st_format format,
			const struct output *out, uint64_t room)
{
	uint64_t length = 0;
	struct stat st;

	if (format != ST_FORMAT_SPARSE || fstat(output_fd(out), &st) < 0 ||
	    !S_ISBLK(st.st_mode))
		return true;
	for (size_t i = 0; i < info->block_count; i++)
		length += info->blocks[i].length;
	return length <= room;
}

int space_check(const struct output *out, struct st_image *source,
		enum st_format format, const struct st_monitor *monitor,
		struct st_error *err)
{
	const struct st_info *info;
	uint64_t room = 0, needed;

	if (codec_for_format(format) || image_codec(source) ||
	    !image_is_repeatable(source))
		return 0;
	if (room_of(out, &room, err) < 0)
		return -1;
	if (room == ST_UNKNOWN)
		return 0;
	if (st_image_describe(source, false, NULL, &info, err) < 0)
		return -1;
	if (!fits_device(info, format, out, room))
		return fail(err, ST_REFUSED,
			    "not enough room: a device of %" PRIu64
			    " bytes is too small for all memory",
			    room);
	needed = page_bytes(info);
	if (needed > room && !info->scanned) {
		if (st_image_describe(source, true, monitor, &info, err) < 0)
			return -1;
		needed = page_bytes(info);
	}
	if (needed <= room)
		return image_start(source, err);
	return fail(err, ST_REFUSED,
		    "not enough room: %" PRIu64 " bytes needed, %" PRIu64
		    " free, %" PRIu64 " missing",
		    needed, room, needed - room);
}
