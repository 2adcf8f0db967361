/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the space on the file system with what an image holds. */
#include "config.h"

#include "rewrite/fit.h"

#include "base/error.h"
#include "inspect/describe.h"
#include "io/space.h"

#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a page's record in a sequential stream takes besides its data. */
#define RECORD_HEAD 8

/*
 * Pages with data, plus the records of all pages: a sequential stream also has
 * one for each page that a mapped-ram image leaves out.  Everything else is
 * small.
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

/* A device cannot have holes, so all bytes count. */
static bool fits_device(const struct savetool_info *info,
			enum savetool_format format, const struct output *out,
			uint64_t space)
{
	uint64_t length = 0;
	struct stat st;

	if (format != SAVETOOL_FORMAT_SPARSE ||
	    (output_capacity(out) == SAVETOOL_UNKNOWN &&
	     (fstat(output_fd(out), &st) < 0 || !S_ISBLK(st.st_mode))))
		return true;
	for (size_t i = 0; i < info->block_count; i++)
		length += info->blocks[i].length;
	return length <= space;
}

/* A compressed image is hardly ever larger than an uncompressed one. */
static int expect_packed(struct output *out, struct pass *pass,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	const struct description *look;

	if (!stream_is_mapped(&pass->stream)) {
		output_expect(out, pass->in->size -
					   image_stream_offset(pass->image));
		return 0;
	}
	if (describe_once(pass->image, monitor, &look, err) < 0)
		return -1;
	output_expect(out, page_bytes(&look->info, SAVETOOL_FORMAT_RAW));
	return 0;
}

/* How many pages are zero, too. */
static int describe_pages(struct savetool_image *image,
			  const struct savetool_monitor *monitor,
			  const struct savetool_info **info,
			  struct savetool_error *err)
{
	const struct describe_options options = {
		.scan = true,
		.any_xml = true,
	};
	cleanup_pass struct pass pass = PASS_INIT;

	if (describe_image(&pass, image, &options, monitor, err) < 0)
		return -1;
	*info = &image->description->info;
	return 0;
}

int fit_check(struct output *out, struct pass *pass,
	      enum savetool_format format,
	      const struct savetool_monitor *monitor,
	      struct savetool_error *err)
{
	struct savetool_image *image = pass->image;
	const struct description *look;
	const struct savetool_info *info;
	uint64_t space = 0, needed;

	if (image_codec(image) || !image_is_repeatable(image) ||
	    !image_file_input(image)->seekable)
		return 0;
	if (codec_for_format(format))
		return expect_packed(out, pass, monitor, err);
	if (space_of(out, &space, err) < 0)
		return -1;
	if (space == SAVETOOL_UNKNOWN)
		return 0;
	if (describe_once(image, monitor, &look, err) < 0)
		return -1;
	info = &look->info;
	if (!fits_device(info, format, out, space))
		return fail(err, SAVETOOL_REFUSED,
			    "not enough space: a device of %" PRIu64
			    " bytes is too small for all memory",
			    space);
	needed = page_bytes(info, format);
	if (needed > space && !info->scanned) {
		if (describe_pages(image, monitor, &info, err) < 0)
			return -1;
		needed = page_bytes(info, format);
	}
	output_expect(out, needed);
	return space_compare(needed, space, err);
}
