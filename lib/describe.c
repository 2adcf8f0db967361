/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathers all that is known of an image. */
#include "config.h"

#include "describe.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "findings.h"
#include "image.h"
#include "ram/count.h"
#include "survey.h"
#include "tee.h"
#include "walk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Comes along on the walk, and counts pages if that is wanted. */
struct describer {
	struct visitor base;
	struct st_image *image;
	struct description *description;
	bool count;
	struct page_sink *counts;
	const struct describe_options *options;
};

static int describe_file(struct description *description,
			 const struct st_image *image, struct st_error *err)
{
	struct st_info *info = &description->info;
	struct stat st;

	if (fstat(image_fd(image), &st) < 0)
		return fail_errno(err, "cannot examine");
	info->path = image->path;
	info->sizes = (struct st_sizes){
		.logical =
			image->outer ? image->outer->size : image->file->size,
		.allocated = st.st_blocks * UINT64_C(512),
		.needed = ST_UNKNOWN,
		.reclaimable_zero = ST_UNKNOWN,
		.reclaimable_stale = ST_UNKNOWN,
		.reclaimable_superseded = ST_UNKNOWN,
		.data = ST_UNKNOWN,
	};
	info->page_size = info->trailing = ST_UNKNOWN;
	info->stream_offset = image->payload;
	return 0;
}

/* What the guest needs beside the image, and whether it is here. */
static int describe_files(struct description *description, struct st_error *err)
{
	const char *const *names = description->info.guest->files;
	size_t count = 0;

	while (names && names[count])
		count++;
	description->files = calloc(count + 1, sizeof(*description->files));
	if (!description->files)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++)
		description->files[i] = (struct st_file){
			.path = names[i],
			.exists = access(names[i], F_OK) == 0,
		};
	description->info.files = description->files;
	description->info.file_count = count;
	return 0;
}

static int describe_container(struct description *description,
			      const struct st_image *image,
			      struct st_error *err)
{
	struct st_info *info = &description->info;
	struct st_error ignored;

	info->format = image->codec ? image->codec->format : ST_FORMAT_RAW;
	info->compression =
		image_codec(image) ? image_codec(image)->format : ST_FORMAT_RAW;
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

static int describe_configuration(struct description *description,
				  const struct stream *stream,
				  struct st_error *err)
{
	const struct configuration *configuration = &stream->configuration;
	struct st_info *info = &description->info;

	info->stream_known = true;
	info->layout = stream_is_mapped(stream) ? ST_LAYOUT_MAPPED_RAM :
						  ST_LAYOUT_SEQUENTIAL;
	if (info->layout == ST_LAYOUT_MAPPED_RAM &&
	    info->format == ST_FORMAT_RAW)
		info->format = ST_FORMAT_SPARSE;
	description->capabilities =
		calloc(configuration->capability_count + 1, sizeof(char *));
	if (!description->capabilities)
		return fail_memory(err);
	info->capabilities = description->capabilities;
	for (unsigned i = 0; i < configuration->capability_count; i++) {
		description->capabilities[i] = description_keep(
			description, configuration->capabilities[i]);
		if (!description->capabilities[i])
			return fail_memory(err);
	}
	if (configuration->present) {
		info->machine =
			description_keep(description, configuration->machine);
		if (!info->machine)
			return fail_memory(err);
	}
	info->has_uuid = configuration->has_uuid;
	memcpy(info->uuid, configuration->uuid, sizeof(info->uuid));
	return 0;
}

static int describe_blocks(struct description *description,
			   const struct ram_list *list, struct st_error *err)
{
	struct st_info *info = &description->info;
	unsigned count = list->layout.count;

	description->blocks = calloc(count + 1, sizeof(struct st_block));
	if (!description->blocks)
		return fail_memory(err);
	for (unsigned i = 0; i < count; i++) {
		const struct ram_block *block = &list->layout.blocks[i];

		description->blocks[i] = (struct st_block){
			.name = description_keep(description, block->name),
			.length = block->length,
			.page_size = ST_UNKNOWN,
			.pages = ST_UNKNOWN,
			.pages_present = ST_UNKNOWN,
			.pages_zero = ST_UNKNOWN,
			.pages_superseded = ST_UNKNOWN,
			.bitmap_offset = list->mapped ?
						 list->places[i].bitmap_offset :
						 ST_UNKNOWN,
			.pages_offset = list->mapped ?
						list->places[i].pages_offset :
						ST_UNKNOWN,
		};
		if (!description->blocks[i].name)
			return fail_memory(err);
	}
	info->blocks = description->blocks;
	info->block_count = count;
	return 0;
}

static void describe_pages(struct description *description, uint64_t page_size)
{
	struct st_info *info = &description->info;

	info->page_size = page_size;
	for (size_t i = 0; i < info->block_count; i++) {
		struct st_block *block = &description->blocks[i];

		block->page_size = page_size;
		block->pages = block->length / page_size;
	}
}

static int describe_tail(struct description *description,
			 const struct tail *tail, struct st_error *err)
{
	struct st_info *info = &description->info;

	description->devices =
		calloc(tail->device_count + 1, sizeof(struct st_device));
	if (!description->devices)
		return fail_memory(err);
	for (unsigned i = 0; i < tail->device_count; i++) {
		struct st_device *device = &description->devices[i];

		*device = tail->devices[i];
		device->name = description_keep(description, device->name);
		if (!device->name)
			return fail_memory(err);
	}
	info->devices = description->devices;
	info->device_count = tail->device_count;
	info->footers_known = tail->footers != FOOTERS_UNKNOWN;
	info->footers = tail->footers == FOOTERS_PRESENT;
	info->vmdesc_known = true;
	info->vmdesc = tail->vmdesc != NULL;
	info->trailing = tail->trailing;
	if (!info->header || info->header->complete)
		info->complete_known = info->complete = true;
	return 0;
}

static int on_start(struct visitor *visitor, const struct stream *stream,
		    struct st_error *err)
{
	struct describer *describer = (struct describer *)visitor;

	return describe_configuration(describer->description, stream, err);
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct st_error *err)
{
	struct describer *describer = (struct describer *)visitor;

	(void)section;
	if (describe_blocks(describer->description, list, err) < 0)
		return -1;
	if (!describer->image->stream.page_size_guessed)
		describe_pages(describer->description, list->layout.page_size);
	if (!describer->count)
		return 0;
	if (count_sink_new(&describer->counts, &list->layout, err) < 0)
		return -1;
	*sink = describer->counts;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct st_error *err)
{
	struct describer *describer = (struct describer *)visitor;
	struct st_info *info = &describer->description->info;

	if (describe_tail(describer->description, tail, err) < 0)
		return -1;
	if (!describer->count)
		return 0;
	if (page_sink_finish(describer->counts, err) < 0)
		return -1;
	for (size_t i = 0; i < info->block_count; i++) {
		const struct page_counts *counts =
			count_sink_result(describer->counts, i);
		struct st_block *block = &describer->description->blocks[i];

		block->pages_present = counts->present;
		block->pages_zero = counts->zero;
		block->pages_superseded = counts->superseded;
	}
	describe_pages(describer->description,
		       describer->image->stream.ram.layout.page_size);
	info->scanned = true;
	return 0;
}

static const struct visitor_ops describer_ops = {
	.start = on_start,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

/*
 * A sequential stream is walked up to its list of blocks; what follows the
 * memory was found from the end of the file.
 */
static int describe_ends(struct describer *describer, struct st_error *err)
{
	struct st_image *image = describer->image;
	struct stream *stream = &image->stream;
	struct stream_item item;
	struct page_sink *none = NULL;
	int more;

	if (on_start(&describer->base, stream, err) < 0)
		return -1;
	while ((more = stream_next(stream, &item, err)) > 0) {
		if (item.kind == STREAM_COMMAND)
			continue;
		if (section_is_ram(&item.section))
			break;
		if (stream_skip_payload(stream, &item.section, err) < 0 ||
		    stream_end_section(stream, &item.section, err) < 0)
			return -1;
	}
	if (more < 0)
		return -1;
	if (more > 0 && (stream_read_ram_list(stream, err) < 0 ||
			 on_ram_list(&describer->base, &item.section,
				     &stream->ram, &none, err) < 0))
		return -1;
	return image->tail ?
		       describe_tail(describer->description, image->tail, err) :
		       0;
}

static int walk_along(struct describer *describer,
		      const struct st_monitor *monitor, struct st_error *err)
{
	struct visitor *companion = describer->options->companion;
	struct tee *tee;
	int result;

	if (!companion)
		return walk(describer->image, &describer->base, monitor, err);
	if (tee_new(&tee, companion, &describer->base, err) < 0)
		return -1;
	result = walk(describer->image, tee_visitor(tee), monitor, err);
	tee_free(tee);
	return result;
}

/*
 * Without a scan, the stream's two ends are enough if they can be seen; a
 * packed one only has one end.  If the far end of a file is not found, all of
 * it has to be read to say whether it is whole.
 */
static int describe_stream(struct describer *describer,
			   const struct st_monitor *monitor,
			   struct st_error *err)
{
	struct st_image *image = describer->image;
	bool mapped, seekable;

	if (image_start(image, err) < 0)
		return -1;
	mapped = stream_is_mapped(&image->stream);
	seekable = image_input(image)->seekable;
	if (!describer->count && !mapped && !describer->options->whole &&
	    (image->tail || !seekable))
		return describe_ends(describer, err);
	if (!mapped)
		describer->count = true;
	return walk_along(describer, monitor, err);
}

/* Behind the walk: what storage and bitmaps say of a mapped-ram image. */
static int describe_mapped(struct description *description,
			   const struct st_image *image, struct st_error *err)
{
	struct st_info *info = &description->info;
	uint64_t stale = 0;

	if (image->bitmap_count == 0)
		return 0;
	for (unsigned i = 0; i < image->bitmap_count; i++) {
		struct block_survey survey;

		if (survey_block(&survey, image, i, err) < 0 ||
		    find_lost_extents(description, &info->blocks[i], &survey,
				      err) < 0)
			return -1;
		description->blocks[i].pages_present = survey.present;
		stale += survey.stale_bytes;
	}
	info->sizes.reclaimable_stale = stale;
	return 0;
}

/* All but the slots, and of those the pages that matter. */
static uint64_t needed_mapped(const struct st_info *info,
			      const struct st_image *image)
{
	const struct ram_list *list = &image->stream.ram;
	uint64_t needed = image->tail->offset + image->tail->size;

	for (unsigned i = 0; i < list->layout.count; i++) {
		const struct st_block *block = &info->blocks[i];
		const struct mapped_place *place = &list->places[i];
		uint64_t bitmap_end =
			place->bitmap_offset + bitmap_size(block->pages);
		uint64_t pages = block->pages_present;

		if (place->pages_offset == 0)
			continue;
		if (info->scanned && !list->layout.blocks[i].prefilled)
			pages -= block->pages_zero;
		needed -= (block->pages - pages) * block->page_size;
		if (bitmap_end <= place->pages_offset)
			needed -= place->pages_offset - bitmap_end;
	}
	return needed;
}

/* A record of data: a word and the page.  One of zeros: a word, a byte. */
static uint64_t needed_sequential(const struct st_info *info,
				  const struct st_image *image)
{
	uint64_t needed = image->tail->offset + image->tail->size;

	for (size_t i = 0; i < info->block_count; i++) {
		const struct st_block *block = &info->blocks[i];

		needed -= block->pages_zero * (block->page_size - 1);
	}
	return needed;
}

static void describe_sizes(struct st_info *info, const struct st_image *image)
{
	bool mapped = info->layout == ST_LAYOUT_MAPPED_RAM;
	bool superseded = false;
	uint64_t zero = 0;

	for (size_t i = 0; info->scanned && i < info->block_count; i++) {
		const struct st_block *block = &info->blocks[i];

		if (!mapped || !image->stream.ram.layout.blocks[i].prefilled)
			zero += block->pages_zero * block->page_size;
		superseded |= block->pages_superseded > 0;
	}
	if (info->scanned)
		info->sizes.reclaimable_zero = zero;
	if (!image->tail || image_codec(image))
		return;
	if (mapped && info->block_count > 0 &&
	    image->bitmap_count == info->block_count)
		info->sizes.needed = needed_mapped(info, image);
	else if (!mapped && info->scanned && !superseded)
		info->sizes.needed = needed_sequential(info, image);
}

/* "9.0" of "pc-i440fx-9.0"; NULL if the machine type has no version. */
static const char *machine_version(const char *machine)
{
	const char *dash = machine ? strrchr(machine, '-') : NULL;
	unsigned major, minor;
	int end;

	if (!dash || sscanf(dash + 1, "%u.%u%n", &major, &minor, &end) != 2 ||
	    dash[1 + end] != '\0')
		return NULL;
	return dash + 1;
}

static bool is_later(const char *version, unsigned major, unsigned minor)
{
	unsigned its_major, its_minor;

	sscanf(version, "%u.%u", &its_major, &its_minor);
	return its_major > major || (its_major == major && its_minor > minor);
}

/* The oldest releases that can restore it, as far as the stream tells. */
static void describe_needs(struct st_info *info)
{
	info->needs_qemu = machine_version(info->machine);
	if (info->layout == ST_LAYOUT_MAPPED_RAM &&
	    !(info->needs_qemu && is_later(info->needs_qemu, 9, 0)))
		info->needs_qemu = "9.0";
	if (!info->libvirt || info->header->version == 3)
		return;
	if (info->format == ST_FORMAT_SPARSE)
		info->needs_libvirt = "11.2.0";
	else if (info->format == ST_FORMAT_ZSTD)
		info->needs_libvirt = "10.4.0";
}

/* The stream and, if the walk ended early, why: broken is filled then. */
static int describe_payload(struct description *description,
			    struct st_image *image,
			    const struct describe_options *options,
			    const struct st_monitor *monitor,
			    struct st_error *broken)
{
	struct describer describer = {
		.base = { .ops = &describer_ops },
		.image = image,
		.description = description,
		.count = options->scan,
		.options = options,
	};
	int result = describe_stream(&describer, monitor, broken);

	page_sink_free(describer.counts);
	if (result == 0)
		result = image_require_complete(image, broken);
	if (result == 0 && image->libvirt)
		result = libvirt_check_xml(image->libvirt, broken);
	return result;
}

static int describe(struct description *description, struct st_image *image,
		    const struct describe_options *options,
		    const struct st_monitor *monitor, struct st_error *err)
{
	struct st_error broken, later;
	int result;

	if (describe_container(description, image, err) < 0)
		return -1;
	result =
		describe_payload(description, image, options, monitor, &broken);
	if (result < 0 && broken.code == ST_INCOMPLETE) {
		description->info.complete_known = true;
		description->info.complete = false;
	}
	if (result < 0 && broken.code == ST_CANCELLED) {
		*err = broken;
		return -1;
	}
	if (describe_mapped(description, image, &later) < 0 ||
	    find_all(description, image, result < 0 ? &broken : NULL, &later) <
		    0) {
		*err = result < 0 ? broken : later;
		return -1;
	}
	describe_sizes(&description->info, image);
	describe_needs(&description->info);
	if (result < 0)
		*err = broken;
	return result;
}

int describe_image(struct st_image *image,
		   const struct describe_options *options,
		   const struct st_monitor *monitor, struct st_error *err)
{
	struct description *description = calloc(1, sizeof(*description));

	if (!description)
		return fail_memory(err);
	description_free(image->description);
	image->description = description;
	if (describe_file(description, image, err) < 0)
		return -1;
	return describe(description, image, options, monitor, err);
}

int st_image_describe(struct st_image *image, bool scan,
		      const struct st_monitor *monitor,
		      const struct st_info **info, struct st_error *err)
{
	const struct describe_options options = { .scan = scan };
	int result = describe_image(image, &options, monitor, err);

	if (info)
		*info = image->description ? &image->description->info : NULL;
	return result;
}
