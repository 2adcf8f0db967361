/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room on the file system, against what an image holds. */
#include "config.h"

#include "rewrite/space.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* No file system's blocks are larger; what NFS calls so may be. */
#define BLOCK_MOST 65536

/* Of one that does not say. */
#define BLOCK_USUAL 4096

/* What a page's record in a sequential stream takes beside its bytes. */
#define RECORD_HEAD 8

/*
 * Pages that hold data, and the records of all, of which a sequential stream
 * has one for each page that a mapped-ram image leaves out; all else is small.
 */
static uint64_t page_bytes(const struct savetool_info *info,
			   enum savetool_format format)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->block_count; i++) {
		const struct savetool_block *block = &info->blocks[i];
		uint64_t pages = block->pages_present, records = pages;

		if (pages == SAVETOOL_UNKNOWN)
			return info->sizes.logical - info->stream_offset;
		if (block->pages_zero != SAVETOOL_UNKNOWN)
			pages -= block->pages_zero;
		bytes += pages * block->page_size;
		if (info->layout == SAVETOOL_LAYOUT_MAPPED_RAM)
			records = block->pages;
		if (format != SAVETOOL_FORMAT_SPARSE)
			bytes += records * RECORD_HEAD;
	}
	return bytes;
}

/*
 * The superuser may use what ext2 to ext4 keep back for him, but for what the
 * kernel itself takes (ext4_set_resv_clusters): a fiftieth, 4096 blocks at
 * most.  What other file systems have beyond f_bavail is nobody's: btrfs needs
 * it for its metadata.
 */
uint64_t space_free(const struct statfs *fs)
{
	uint64_t blocks = fs->f_bavail, own = fs->f_blocks / 50;

	if (geteuid() == 0 && fs->f_type == EXT4_SUPER_MAGIC) {
		own = own < 4096 ? own : 4096;
		if (fs->f_bfree > own && fs->f_bfree - own > blocks)
			blocks = fs->f_bfree - own;
	}
	return blocks * fs->f_frsize;
}

uint64_t space_block(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || fs.f_frsize <= 0 ||
	    fs.f_frsize > BLOCK_MOST || (fs.f_frsize & (fs.f_frsize - 1)) != 0)
		return BLOCK_USUAL;
	return fs.f_frsize;
}

/* Of a file, what is free around it; of a device, all of it. */
static int room_of(const struct output *out, uint64_t *room,
		   struct savetool_error *err)
{
	int fd = output_fd(out);
	struct statfs fs;
	struct stat st;

	*room = SAVETOOL_UNKNOWN;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot examine the destination");
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, room) < 0)
		return fail_errno(err, "cannot tell the size of a device");
	if (!S_ISREG(st.st_mode))
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, "cannot examine the file system");
	*room = space_free(&fs);
	return 0;
}

/* A device has no holes to leave out. */
static bool fits_device(const struct savetool_info *info,
			enum savetool_format format, const struct output *out,
			uint64_t room)
{
	uint64_t length = 0;
	struct stat st;

	if (format != SAVETOOL_FORMAT_SPARSE ||
	    fstat(output_fd(out), &st) < 0 || !S_ISBLK(st.st_mode))
		return true;
	for (size_t i = 0; i < info->block_count; i++)
		length += info->blocks[i].length;
	return length <= room;
}

static int require(uint64_t needed, uint64_t room, struct savetool_error *err)
{
	if (needed <= room)
		return 0;
	return fail(err, SAVETOOL_REFUSED,
		    "not enough room: %" PRIu64 " bytes needed, %" PRIu64
		    " free, %" PRIu64 " missing",
		    needed, room, needed - room);
}

int space_require(struct output *out, uint64_t needed,
		  struct savetool_error *err)
{
	uint64_t room = 0;

	if (room_of(out, &room, err) < 0)
		return -1;
	output_expect(out, needed);
	return require(needed, room, err);
}

/* A packed image is at most about as large as one that is not. */
static int expect_packed(struct output *out, struct savetool_image *source,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	const struct savetool_info *info;

	if (!stream_is_mapped(&source->stream)) {
		output_expect(out, image_input(source)->size -
					   image_stream_offset(source));
		return 0;
	}
	if (savetool_image_describe(source, false, monitor, &info, err) < 0)
		return -1;
	output_expect(out, page_bytes(info, SAVETOOL_FORMAT_RAW));
	return image_start(source, err);
}

int space_check(struct output *out, struct savetool_image *source,
		enum savetool_format format,
		const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	const struct savetool_info *info;
	uint64_t room = 0, needed;

	if (image_codec(source) || !image_is_repeatable(source))
		return 0;
	if (codec_for_format(format))
		return expect_packed(out, source, monitor, err);
	if (room_of(out, &room, err) < 0)
		return -1;
	if (room == SAVETOOL_UNKNOWN)
		return 0;
	if (savetool_image_describe(source, false, monitor, &info, err) < 0)
		return -1;
	if (!fits_device(info, format, out, room))
		return fail(err, SAVETOOL_REFUSED,
			    "not enough room: a device of %" PRIu64
			    " bytes is too small for all memory",
			    room);
	needed = page_bytes(info, format);
	if (needed > room && !info->scanned) {
		if (savetool_image_describe(source, true, monitor, &info, err) <
		    0)
			return -1;
		needed = page_bytes(info, format);
	}
	output_expect(out, needed);
	if (require(needed, room, err) < 0)
		return -1;
	return image_start(source, err);
}
