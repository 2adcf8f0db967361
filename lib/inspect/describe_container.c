/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What precedes the stream: the file, the header, the guest and its files. */
#include "config.h"

#include "base/error.h"
#include "format/domain_xml.h"
#include "image/image.h"
#include "inspect/describe_internal.h"
#include "io/space.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int describe_file(struct description *description,
		  const struct savetool_image *image,
		  struct savetool_error *err)
{
	struct savetool_info *info = &description->info;
	struct stat st;

	/* An export has none. */
	if (image_fd(image) < 0)
		st.st_mode = 0;
	else if (fstat(image_fd(image), &st) < 0)
		return fail_errno(err, "cannot examine");
	info->path = image->path;
	if (image->qcow2) {
		info->snapshot_count = image->qcow2->count;
		info->snapshots = image->qcow2->snapshots;
		info->snapshot = image->snapshot;
	}
	info->sizes = (struct savetool_sizes){
		.logical = image_file_input(image)->size,
		.allocated = space_allocated(&st),
		.needed = SAVETOOL_UNKNOWN,
		.reclaimable_zero = SAVETOOL_UNKNOWN,
		.reclaimable_stale = SAVETOOL_UNKNOWN,
		.reclaimable_superseded = SAVETOOL_UNKNOWN,
		.reclaimable_unwritten = SAVETOOL_UNKNOWN,
		.data = SAVETOOL_UNKNOWN,
		.around = SAVETOOL_UNKNOWN,
	};
	/* Of a part of it, what is allocated for that. */
	if (image_member(image))
		info->sizes.allocated = image_member_stored(image);
	else if (!image_is_whole_file(image) &&
		 input_count_data(&info->sizes.allocated,
				  image_file_input(image), 0, SAVETOOL_UNKNOWN,
				  err) < 0)
		return -1;
	info->page_size = info->trailing = SAVETOOL_UNKNOWN;
	info->stream_offset = image_payload_offset(image);
	return 0;
}

/* Lists the other files that the guest needs, and whether they are here. */
static int describe_files(struct description *description,
			  struct savetool_error *err)
{
	size_t count;
	const struct savetool_file *named =
		domain_xml_files(description->domain, &count);

	description->files = calloc(count + 1, sizeof(*description->files));
	if (!description->files)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct savetool_file *file = &description->files[i];

		*file = named[i];
		if (!file->local)
			continue;
		file->exists = access(file->path, F_OK) == 0;
		/* Whoever may not look there does not know. */
		file->exists_known =
			file->exists || errno == ENOENT || errno == ENOTDIR;
	}
	description->info.files = description->files;
	description->info.file_count = count;
	return 0;
}

int describe_container(struct description *description,
		       const struct savetool_image *image,
		       struct savetool_error *err)
{
	struct savetool_info *info = &description->info;
	const struct codec *codec = image_stream_codec(image);
	struct savetool_error ignored;

	info->format = codec ? codec->format : SAVETOOL_FORMAT_RAW;
	info->compression = image_codec(image) ? image_codec(image)->format :
						 SAVETOOL_FORMAT_RAW;
	if (image_order_is_known(image))
		info->byte_order = image_byte_order(image);
	if (!image->libvirt)
		return 0;
	info->libvirt = true;
	info->header = &image->libvirt->header;
	info->xml = image->libvirt->xml;
	if (!image->libvirt->header.complete)
		info->complete_known = true;
	if (domain_xml_parse(&description->domain, image->libvirt->xml,
			     &ignored) < 0)
		return 0;
	info->guest = domain_xml_guest(description->domain);
	return describe_files(description, err);
}
