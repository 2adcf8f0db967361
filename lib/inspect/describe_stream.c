/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the stream says: a visitor that sees its two ends, or all of it. */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/iterable.h"
#include "format/page_size.h"
#include "image/pass.h"
#include "image/trailing.h"
#include "image/zero_tail.h"
#include "inspect/describe_internal.h"
#include "inspect/findings.h"
#include "inspect/run_state.h"
#include "ram/count.h"
#include "walk/tee.h"
#include "walk/walk.h"

#include <stdlib.h>
#include <string.h>

/* A visitor of the walk that counts pages if asked to. */
struct describer {
	struct visitor base;
	struct pass *pass;
	struct description *description;
	bool count;
	struct page_sink *counts;
	const struct describe_options *options;
};

#define PROXMOX "Proxmox VE"

/* Proxmox gives machine types a suffix of its own. */
static void describe_producer(struct savetool_info *info)
{
	if (info->machine && strstr(info->machine, "+pve"))
		info->saved_by = PROXMOX;
}

/* What is saved in several parts, or ahead of memory. */
static int describe_section(struct description *description,
			    const struct section *section,
			    struct savetool_error *err)
{
	size_t count = description->section_count;
	const char **sections;

	if (section->type != SECTION_START && section->type != SECTION_FULL)
		return 0;
	sections = reallocarray(description->sections, count + 2,
				sizeof(*sections));
	if (!sections)
		return fail_memory(err);
	description->sections = sections;
	description->info.sections = sections;
	sections[count] = description_keep(description, section->name);
	sections[count + 1] = NULL;
	if (!sections[count])
		return fail_memory(err);
	description->section_count++;
	if (strcmp(section->name, PROXMOX_SECTION) != 0)
		return 0;
	description->info.saved_by = PROXMOX;
	return report_proxmox(description, section, err);
}

static int describe_configuration(struct description *description,
				  const struct stream *stream,
				  struct savetool_error *err)
{
	const struct configuration *configuration = &stream->configuration;
	struct savetool_info *info = &description->info;

	info->stream_known = true;
	info->layout = stream_is_mapped(stream) ? SAVETOOL_LAYOUT_MAPPED_RAM :
						  SAVETOOL_LAYOUT_SEQUENTIAL;
	if (info->layout == SAVETOOL_LAYOUT_MAPPED_RAM &&
	    info->format == SAVETOOL_FORMAT_RAW)
		info->format = SAVETOOL_FORMAT_SPARSE;
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
	description->has_page_bits = configuration->has_page_bits;
	if (configuration->present) {
		info->machine =
			description_keep(description, configuration->machine);
		if (!info->machine)
			return fail_memory(err);
	}
	describe_producer(info);
	if (configuration_can(configuration, CAPABILITY_IGNORE_SHARED)) {
		info->memory_elsewhere = info->complete_known = true;
		info->complete = false;
	}
	info->has_uuid = configuration->has_uuid;
	memcpy(info->uuid, configuration->uuid, sizeof(info->uuid));
	return 0;
}

static int describe_blocks(struct description *description,
			   const struct ram_list *list,
			   struct savetool_error *err)
{
	struct savetool_info *info = &description->info;
	unsigned count = list->layout.count;

	description->blocks = calloc(count + 1, sizeof(struct savetool_block));
	if (!description->blocks)
		return fail_memory(err);
	for (unsigned i = 0; i < count; i++) {
		const struct ram_block *block = &list->layout.blocks[i];

		description->blocks[i] = (struct savetool_block){
			.name = description_keep(description, block->name),
			.length = block->length,
			.page_size = SAVETOOL_UNKNOWN,
			.pages = SAVETOOL_UNKNOWN,
			.pages_present = SAVETOOL_UNKNOWN,
			.pages_zero = SAVETOOL_UNKNOWN,
			.pages_superseded = SAVETOOL_UNKNOWN,
			.bitmap_offset =
				list->mapped ? list->headers[i].bitmap_offset :
					       SAVETOOL_UNKNOWN,
			.pages_offset = list->mapped ?
						list->headers[i].pages_offset :
						SAVETOOL_UNKNOWN,
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
	struct savetool_info *info = &description->info;

	info->page_size = page_size;
	for (size_t i = 0; i < info->block_count; i++) {
		struct savetool_block *block = &description->blocks[i];

		block->page_size = page_size;
		block->pages = block->length / page_size;
	}
}

static int describe_run_state(struct description *description,
			      const struct tail *tail,
			      struct savetool_error *err)
{
	char state[RUN_STATE_SIZE];

	if (run_state_read(state, tail, err) < 0)
		return -1;
	if (!*state)
		return 0;
	description->info.run_state = description_keep(description, state);
	return description->info.run_state ? 0 : fail_memory(err);
}

static int describe_tail(struct description *description,
			 const struct pass *pass, struct savetool_error *err)
{
	const struct tail *tail = pass->tail;
	struct savetool_info *info = &description->info;

	description->devices =
		calloc(tail->device_count + 1, sizeof(struct savetool_device));
	if (!description->devices)
		return fail_memory(err);
	for (unsigned i = 0; i < tail->device_count; i++) {
		struct savetool_device *device = &description->devices[i];

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
	info->trailing = trailing_length(pass);
	if ((!info->header || info->header->complete) &&
	    !tail_is_opaque(tail) && !info->memory_elsewhere &&
	    !info->devices_only)
		info->complete_known = info->complete = true;
	return describe_run_state(description, tail, err);
}

static int on_start(struct visitor *visitor, const struct stream *stream,
		    struct savetool_error *err)
{
	struct describer *describer = (struct describer *)visitor;

	return describe_configuration(describer->description, stream, err);
}

static int on_section(struct visitor *visitor, const struct section *section,
		      struct output **copy_to, struct savetool_error *err)
{
	struct describer *describer = (struct describer *)visitor;

	(void)copy_to;
	return describe_section(describer->description, section, err);
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	struct describer *describer = (struct describer *)visitor;

	(void)section;
	if (describe_blocks(describer->description, list, err) < 0)
		return -1;
	if (!describer->pass->stream.page_size_guessed)
		describe_pages(describer->description, list->layout.page_size);
	if (!describer->count)
		return 0;
	if (count_sink_new(&describer->counts, &list->layout, err) < 0)
		return -1;
	*sink = describer->counts;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct describer *describer = (struct describer *)visitor;
	struct savetool_info *info = &describer->description->info;

	(void)tail;
	if (describe_tail(describer->description, describer->pass, err) < 0)
		return -1;
	if (!describer->count)
		return 0;
	if (page_sink_finish(describer->counts, err) < 0)
		return -1;
	for (size_t i = 0; i < info->block_count; i++) {
		const struct page_counts *counts =
			count_sink_result(describer->counts, i);
		struct savetool_block *block =
			&describer->description->blocks[i];

		block->pages_present = counts->present;
		block->pages_zero = counts->zero;
		block->pages_superseded = counts->superseded;
	}
	describe_pages(describer->description,
		       describer->pass->stream.ram.layout.page_size);
	info->scanned = true;
	return 0;
}

static const struct visitor_ops describer_ops = {
	.start = on_start,
	.section = on_section,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

/* Does the tail found at the end of the file state another page size? */
static bool is_of_another(const struct pass *pass)
{
	return pass->tail && pass->stream.ram_started &&
	       pass->tail->vmdesc->page_size != 0 &&
	       pass->tail->vmdesc->page_size !=
		       pass->stream.ram.layout.page_size;
}

/* Up to the memory's START, or to its first PART: 1, or 0 at the tail. */
static int describe_items(struct describer *describer, struct section *ram,
			  struct savetool_error *err)
{
	struct stream *stream = &describer->pass->stream;
	struct stream_item item;
	int more;

	while ((more = stream_next(stream, &item, err)) > 0) {
		if (item.kind == STREAM_COMMAND)
			continue;
		*ram = item.section;
		if (section_is_ram(ram))
			break;
		if (describe_section(describer->description, ram, err) < 0 ||
		    stream_skip_payload(stream, ram, err) < 0 ||
		    stream_end_section(stream, ram, err) < 0)
			return -1;
	}
	return more;
}

/*
 * Everything that is saved in parts has its START before the first page, unless
 * there are pages in the memory's own.
 */
static int describe_starts(struct describer *describer,
			   struct savetool_error *err)
{
	struct stream *stream = &describer->pass->stream;
	struct page_sink *none = NULL;
	struct section ram;
	size_t got;
	int more = describe_items(describer, &ram, err);

	if (more <= 0)
		return more < 0 ? -1 : stream_require_memory(stream, err);
	if (page_size_read_list(stream, err) < 0 ||
	    on_ram_list(&describer->base, &ram, &stream->ram, &none, err) < 0 ||
	    reader_look(&stream->reader, 8, &got, err) < 0)
		return -1;
	if (got < 8 || get_be64(stream->reader.next) != RAM_EOS)
		return 0;
	if (stream_read_ram_end_mark(stream, err) < 0 ||
	    stream_end_section(stream, &ram, err) < 0)
		return -1;
	return describe_items(describer, &ram, err) < 0 ? -1 : 0;
}

/*
 * Walks a sequential stream up to its first pages.  What follows the memory was
 * found from the end of the file, and is shown even if nobody can go on to it.
 */
static int read_ends(struct describer *describer, struct savetool_error *err)
{
	struct pass *pass = describer->pass;
	struct savetool_error later;
	int result;

	if (on_start(&describer->base, &pass->stream, err) < 0)
		return -1;
	result = describe_starts(describer, err);
	if (result < 0 && err->code != SAVETOOL_UNSUPPORTED)
		return -1;
	if (is_of_another(pass))
		pass_distrust_tail(pass);
	if (pass->tail &&
	    describe_tail(describer->description, pass, &later) < 0) {
		*err = later;
		return -1;
	}
	return result;
}

/* A stream that holds devices and nothing else. */
static int describe_devices(struct describer *describer,
			    struct savetool_error *err)
{
	struct pass *pass = describer->pass;

	describer->description->info.devices_only = true;
	if (on_start(&describer->base, &pass->stream, err) < 0 ||
	    pass_read_tail(pass, err) < 0)
		return -1;
	return describe_tail(describer->description, pass, err);
}

/* A stream up to this length is read without anybody noticing. */
#define SHORT_STREAM (UINT64_C(8) << 20)

/* Who only wants to know that nothing between the ends is refused. */
struct prover {
	struct visitor base;
	struct page_sink *counts;
};

static int prove_list(struct visitor *visitor, const struct section *section,
		      const struct ram_list *list, struct page_sink **sink,
		      struct savetool_error *err)
{
	struct prover *prover = (struct prover *)visitor;

	(void)section;
	if (count_sink_new(&prover->counts, &list->layout, err) < 0)
		return -1;
	*sink = prover->counts;
	return 0;
}

static const struct visitor_ops prover_ops = { .ram_list = prove_list };

/* The ends of a short stream are not all that is looked at. */
static int prove_short(struct describer *describer,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	struct prover prover = { .base = { .ops = &prover_ops } };
	const struct tail *tail = describer->pass->tail;
	struct savetool_image *image = describer->pass->image;
	cleanup_pass struct pass pass = { .image = image };
	int result;

	if (!describer->description->info.complete || !tail ||
	    tail->offset - image_stream_offset(image) > SHORT_STREAM)
		return 0;
	result = pass_begin(&pass, image, err);
	if (result == 0)
		result = walk(&pass, &prover.base, monitor, err);
	page_sink_free(prover.counts);
	return result;
}

static int describe_ends(struct describer *describer,
			 struct savetool_error *err)
{
	if (read_ends(describer, err) == 0)
		return 0;
	zero_tail_explain(describer->pass->image, err);
	return -1;
}

static int walk_along(struct describer *describer,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	struct visitor *companion = describer->options->companion;
	struct tee *tee;
	int result;

	if (!companion)
		return walk(describer->pass, &describer->base, monitor, err);
	if (tee_new(&tee, companion, &describer->base, err) < 0)
		return -1;
	result = walk(describer->pass, tee_visitor(tee), monitor, err);
	tee_free(tee);
	return result;
}

/*
 * Without a scan, the stream's two ends are enough if both can be seen; a
 * compressed stream shows only one.  If the end of a file is not found, all of
 * it has to be read to say whether it is complete.
 */
static int look(struct describer *describer, struct savetool_image *image,
		const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	struct pass *pass = describer->pass;
	bool mapped, seekable, devices_only;

	if (pass_begin(pass, image, err) < 0 ||
	    stream_has_only_devices(&devices_only, &pass->stream, err) < 0)
		return -1;
	if (devices_only)
		return describe_devices(describer, err);
	pass->strays = describer->options->strays;
	mapped = stream_is_mapped(&pass->stream);
	seekable = pass->in->seekable;
	if (!describer->count && !mapped && !describer->options->whole &&
	    (pass->tail || !seekable))
		return describe_ends(describer, err) < 0 ?
			       -1 :
			       prove_short(describer, monitor, err);
	if (!mapped)
		describer->count = true;
	return walk_along(describer, monitor, err);
}

int describe_stream(struct description *description, struct pass *pass,
		    struct savetool_image *image,
		    const struct describe_options *options,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *broken)
{
	struct describer describer = {
		.base = { .ops = &describer_ops },
		.pass = pass,
		.description = description,
		.count = options->scan,
		.options = options,
	};
	int result = look(&describer, image, monitor, broken);

	page_sink_free(describer.counts);
	if (result == 0)
		result = image_require_complete(pass->image, broken);
	if (result == 0 && pass->image->libvirt && !options->any_xml)
		result = libvirt_check_xml(pass->image->libvirt, broken);
	return result;
}
