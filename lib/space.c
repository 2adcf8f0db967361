/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room on the file system, against what an image holds. */
#include "config.h"

#include "space.h"

#include "base/error.h"

#include <inttypes.h>
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

static int free_bytes(const struct output *out, uint64_t *bytes,
		      struct st_error *err)
{
	struct statvfs fs;

	if (fstatvfs(output_fd(out), &fs) < 0)
		return fail_errno(err, "cannot examine the file system");
	*bytes = (geteuid() == 0 ? fs.f_bfree : fs.f_bavail) *
		 (uint64_t)fs.f_frsize;
	return 0;
}

static bool is_regular(const struct output *out)
{
	struct stat st;

	return fstat(output_fd(out), &st) == 0 && S_ISREG(st.st_mode);
}

int space_check(const struct output *out, struct st_image *source,
		enum st_format format, const struct st_monitor *monitor,
		struct st_error *err)
{
	const struct st_info *info;
	uint64_t room = 0, needed;

	if (codec_for_format(format) || image_codec(source) ||
	    !image_is_repeatable(source) || !is_regular(out))
		return 0;
	if (st_image_describe(source, false, NULL, &info, err) < 0 ||
	    free_bytes(out, &room, err) < 0)
		return -1;
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
