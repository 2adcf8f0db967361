/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image needs and what could be reclaimed, as far as it was read. */
#include "config.h"

#include "format/sequential.h"
#include "image/allocation.h"
#include "image/pass.h"
#include "image/trust.h"
#include "inspect/describe.h"
#include "inspect/describe_internal.h"
#include "inspect/findings.h"

/* Of a compressed image, nothing can be freed. */
static int describe_unwritten(struct savetool_info *info,
			      const struct savetool_image *image,
			      struct savetool_error *err)
{
	if (!image || image_codec(image) || !image_has_own_holes(image))
		return 0;
	return input_count_unwritten(&info->sizes.reclaimable_unwritten,
				     image_file_input(image), err);
}

int describe_storage(struct description *description, struct pass *pass,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	struct savetool_info *info = &description->info;
	const struct clear_data *clear_data;
	struct allocation total;

	if (describe_unwritten(info, pass->image, err) < 0)
		return -1;
	if (pass->bitmap_count == 0)
		return 0;
	if (allocation_clear_data(&clear_data, pass, monitor, err) < 0 ||
	    allocation_total(&total, pass, err) < 0)
		return -1;
	for (unsigned i = 0; i < pass->bitmap_count; i++) {
		const struct savetool_block *block = &info->blocks[i];
		struct block_allocation allocation;

		if (allocation_of_block(&allocation, pass, i, err) < 0)
			return -1;
		if (image_has_own_holes(pass->image) &&
		    report_holes(description, block, &total, &allocation, err) <
			    0)
			return -1;
		if (report_lost_bitmap(description, block, &clear_data[i],
				       err) < 0 ||
		    report_empty_bitmap(description, block, &clear_data[i],
					err) < 0)
			return -1;
		description->blocks[i].pages_present = allocation.present;
	}
	description->lost = total.lost_bytes;
	info->sizes.reclaimable_stale = total.stale_bytes;
	return trust_bitmaps(&description->doubt, pass, monitor, err);
}

/* Data before a bare stream is not part of the image. */
uint64_t image_length(const struct pass *pass)
{
	return tail_end(pass->tail) -
	       (pass->image->libvirt ? 0 : image_payload_offset(pass->image));
}

/* Everything but the slots, plus the slots of pages that matter. */
static uint64_t needed_mapped(const struct savetool_info *info,
			      const struct pass *pass)
{
	const struct ram_list *list = &pass->stream.ram;
	uint64_t needed = image_length(pass);

	for (unsigned i = 0; i < list->layout.count; i++) {
		const struct savetool_block *block = &info->blocks[i];
		const struct mapped_header *header = &list->headers[i];
		uint64_t bitmap_end =
			header->bitmap_offset + bitmap_size(block->pages);
		uint64_t pages = block->pages_present;

		if (header->pages_offset == 0)
			continue;
		if (info->scanned && !list->layout.blocks[i].prefilled)
			pages -= block->pages_zero;
		needed -= (block->pages - pages) * block->page_size;
		if (bitmap_end <= header->pages_offset)
			needed -= header->pages_offset - bitmap_end;
	}
	return needed;
}

uint64_t superseded_bytes(const struct savetool_info *info)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->block_count; i++)
		bytes += info->blocks[i].pages_superseded * info->page_size;
	return bytes;
}

uint64_t zero_record_savings(const struct savetool_info *info)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->block_count; i++)
		bytes += info->blocks[i].pages_zero *
			 (RECORD_HEAD + info->page_size - ZERO_RECORD);
	return bytes;
}

/* In mapped-ram, zeros in a prefilled block cannot be left out. */
uint64_t zero_page_bytes(const struct savetool_info *info,
			 const struct pass *pass)
{
	bool mapped = info->layout == SAVETOOL_LAYOUT_MAPPED_RAM;
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->block_count; i++)
		if (!mapped || !pass->stream.ram.layout.blocks[i].prefilled)
			bytes += info->blocks[i].pages_zero * info->page_size;
	return bytes;
}

void describe_sizes(struct description *description, const struct pass *pass)
{
	struct savetool_info *info = &description->info;
	bool mapped = info->layout == SAVETOOL_LAYOUT_MAPPED_RAM;

	if (info->scanned && !image_codec(pass->image))
		info->sizes.reclaimable_zero = zero_page_bytes(info, pass);
	if (!image_has_own_holes(pass->image) ||
	    description->doubt != DOUBT_NONE)
		info->sizes.reclaimable_stale = SAVETOOL_UNKNOWN;
	if (!pass->tail || image_codec(pass->image) ||
	    description->doubt != DOUBT_NONE)
		return;
	if (mapped && info->block_count > 0 &&
	    pass->bitmap_count == info->block_count)
		info->sizes.needed = needed_mapped(info, pass);
	else if (!mapped && info->scanned && superseded_bytes(info) == 0)
		info->sizes.needed =
			image_length(pass) - zero_record_savings(info);
}
