/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extracts the memory of a guest. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "base/phases.h"
#include "extract/cut_pages.h"
#include "extract/layout.h"
#include "extract/memory_report.h"
#include "extract/memory_space.h"
#include "extract/notes.h"
#include "extract/vmcoreinfo.h"
#include "format/lime.h"
#include "image/output.h"
#include "image/pass.h"
#include "image/unchanged.h"
#include "ram/places.h"
#include "walk/walk.h"

#include <inttypes.h>
#include <string.h>

struct extraction {
	struct visitor base;
	const struct savetool_memory_options *options;
	const struct guest *guest;
	const struct layout *layout;
	struct output *out;
	struct page_sink *sink;
	struct ram_places places; /* in the output */
	struct elf_core core;
	struct vmcoreinfo vmcoreinfo;
	unsigned cpus; /* in the core */
	struct savetool_error broken;
};

static const char *const format_names[] = { "raw", "elf", "lime" };

const char *savetool_memory_format_name(enum savetool_memory_format format)
{
	return (unsigned)format < SAVETOOL_MEMORY_FORMAT_COUNT ?
		       format_names[format] :
		       NULL;
}

int savetool_memory_format_parse(const char *word,
				 enum savetool_memory_format *format,
				 struct savetool_error *err)
{
	for (unsigned i = 0; i < SAVETOOL_MEMORY_FORMAT_COUNT; i++) {
		if (strcmp(word, format_names[i]) != 0)
			continue;
		*format = i;
		return 0;
	}
	return fail(err, SAVETOOL_USAGE, "no memory format '%s'", word);
}

/* The one block that is wanted, from offset 0 on. */
static int place_one(struct layout *layout, const struct guest *guest,
		     const char *name, struct savetool_error *err)
{
	const struct ram_block *block = ram_layout_find(guest->layout, name);
	const struct ram_place place = { .block = block ? block->index : 0,
					 .length = block ? block->length : 0 };

	if (!block)
		return fail(err, SAVETOOL_USAGE, "no memory block '%s'", name);
	return ram_places_add(&layout->places, &place, err);
}

static int move_blocks(struct layout *layout, const struct guest *guest,
		       const struct savetool_memory_options *options,
		       struct savetool_error *err)
{
	for (size_t i = 0; i < options->map_count; i++) {
		const struct savetool_memory_map *map = &options->maps[i];
		const struct ram_block *block =
			ram_layout_find(guest->layout, map->block);

		if (!block)
			return fail(err, SAVETOOL_USAGE, "no memory block '%s'",
				    map->block);
		if (map->address % guest->layout->page_size != 0 ||
		    map->address > INT64_MAX - block->length)
			return fail(err, SAVETOOL_USAGE,
				    "address 0x%" PRIx64
				    " is out of range or not aligned to the "
				    "page size: block '%s'",
				    map->address, map->block);
		if (layout_move(layout, block, map->address, err) < 0)
			return -1;
	}
	return 0;
}

static int find_layout(struct layout *layout, const struct guest *guest,
		       const struct savetool_memory_options *options,
		       struct savetool_error *err)
{
	if (options->block)
		return place_one(layout, guest, options->block, err);
	if (layout_find(layout, guest, err) < 0 ||
	    move_blocks(layout, guest, options, err) < 0)
		return -1;
	if (layout->places.count > 0)
		return 0;
	fail(err, SAVETOOL_UNSUPPORTED,
	     "the addresses of machine type '%s' are not known",
	     guest->machine ? guest->machine : "(none)");
	return fail_hint(err, SAVETOOL_HINT_MAP);
}

/* In a flat file, each byte lies at its address. */
static int place_flat(struct ram_places *to, const struct ram_places *ranges,
		      struct savetool_error *err)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (ram_places_add(to, &ranges->list[i], err) < 0)
			return -1;
	return 0;
}

static int place_in_file(struct extraction *extraction,
			 struct savetool_error *err)
{
	const struct ram_places *ranges = &extraction->layout->places;

	switch (extraction->options->format) {
	case SAVETOOL_MEMORY_ELF:
		return elf_core_place(&extraction->core, &extraction->places,
				      ranges, err);
	case SAVETOOL_MEMORY_LIME:
		return lime_place(&extraction->places, ranges, err);
	default:
		return place_flat(&extraction->places, ranges, err);
	}
}

static int write_core(struct extraction *extraction, struct savetool_error *err)
{
	const struct ram_places *ranges = &extraction->layout->places;

	if (vmcoreinfo_add(&extraction->vmcoreinfo, &extraction->core,
			   extraction->out, &extraction->places, ranges,
			   err) < 0)
		return -1;
	return elf_core_write(&extraction->core, extraction->out,
			      &extraction->places, ranges, err);
}

/* Everything in the file but the memory. */
static int write_headers(struct extraction *extraction,
			 struct savetool_error *err)
{
	const struct ram_places *ranges = &extraction->layout->places;
	struct output *out = extraction->out;

	switch (extraction->options->format) {
	case SAVETOOL_MEMORY_ELF:
		return write_core(extraction, err);
	case SAVETOOL_MEMORY_LIME:
		return lime_write(out, &extraction->places, ranges, err);
	default:
		out->position = ram_places_end(ranges);
		return 0;
	}
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct extraction *extraction = (struct extraction *)visitor;

	(void)section;
	if (list->layout.count != extraction->guest->layout->count ||
	    list->layout.length != extraction->guest->layout->length)
		return fail(
			err, SAVETOOL_CORRUPT,
			"the list of memory blocks changed while it was read");
	if (placed_sink_new(&extraction->sink, extraction->out, &list->layout,
			    &extraction->places, err) < 0)
		return -1;
	*sink = extraction->sink;
	if (extraction->options->format == SAVETOOL_MEMORY_ELF)
		*sink = vmcoreinfo_sink(&extraction->vmcoreinfo,
					extraction->sink);
	return 0;
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct savetool_error *err)
{
	struct extraction *extraction = (struct extraction *)visitor;

	(void)tail;
	return page_sink_finish(extraction->sink, err);
}

/* Memory that is elsewhere cannot be extracted. */
static int start(struct visitor *visitor, const struct stream *stream,
		 struct savetool_error *err)
{
	(void)visitor;
	return stream_require_own_memory(stream, err);
}

static const struct visitor_ops ops = {
	.start = start,
	.ram_list = ram_list,
	.tail = tail,
};

static int report(struct savetool_memory **result,
		  const struct extraction *extraction, const struct pass *pass,
		  struct savetool_error *err)
{
	struct savetool_memory *memory;

	if (memory_report_new(result, extraction->guest->layout,
			      extraction->layout, extraction->out, err) < 0)
		return -1;
	memory = *result;
	memory->format = extraction->options->format;
	memory->lost = pass->lost;
	memory->cpus = extraction->cpus;
	memory->broken = extraction->broken;
	memory->vmcoreinfo = extraction->vmcoreinfo.from;
	return 0;
}

/*
 * The walk has failed.  If the image breaks off, what came before that is kept,
 * if that is wanted.
 */
static int keep_part(struct extraction *extraction, struct savetool_error *err)
{
	if (!extraction->options->partial ||
	    (err->code != SAVETOOL_INCOMPLETE &&
	     err->code != SAVETOOL_CORRUPT) ||
	    !extraction->sink || !placed_sink_is_used(extraction->sink))
		return -1;
	extraction->broken = *err;
	return page_sink_finish(extraction->sink, err);
}

/* What a walk does up to where the image ends, in its mapped-ram pages. */
static int walk_cut(struct extraction *extraction, struct pass *pass,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	struct page_sink *sink;

	if (guest_read_cut_list(pass, err) < 0 ||
	    ram_list(&extraction->base, NULL, &pass->stream.ram, &sink, err) <
		    0)
		return -1;
	return cut_pages_move(pass, sink, monitor, err);
}

static int write_it(struct extraction *extraction, struct pass *pass,
		    const struct savetool_monitor *monitor,
		    struct savetool_memory **memory, struct savetool_error *err)
{
	if ((extraction->guest->cut ?
		     walk_cut(extraction, pass, monitor, err) :
		     walk(pass, &extraction->base, monitor, err)) < 0 &&
	    keep_part(extraction, err) < 0)
		return -1;
	if (write_headers(extraction, err) < 0 ||
	    report(memory, extraction, pass, err) < 0 ||
	    image_require_unchanged(pass->image, err) < 0)
		return -1;
	return output_commit(extraction->out, err);
}

static int require_file(struct savetool_error *err)
{
	return fail(err, SAVETOOL_USAGE, "memory cannot be written to a pipe");
}

static int open_output(struct output **out, struct savetool_image *image,
		       const char *destination, bool force,
		       struct savetool_error *err)
{
	if (!output_path_can_seek(destination))
		return require_file(err);
	if (image_output_open(out, image, destination, force, false, err) < 0)
		return -1;
	if (!(*out)->seekable)
		return require_file(err);
	return image->direct ? output_write_direct(*out, err) : 0;
}

/* The guest is known, and so is where everything goes. */
static int extract_to(struct extraction *extraction,
		      struct savetool_image *image, const char *destination,
		      struct phases *phases, struct savetool_memory **memory,
		      struct savetool_error *err)
{
	cleanup_pass struct pass pass = PASS_INIT;
	cleanup_output struct output *out = NULL;
	int failed;

	if (place_in_file(extraction, err) < 0 ||
	    open_output(&out, image, destination, extraction->options->force,
			err) < 0)
		return -1;
	/* What breaks off cannot be counted. */
	if ((!extraction->options->partial &&
	     memory_space_check(out, image, extraction->guest->layout,
				&extraction->places, &phases->monitor,
				err) < 0) ||
	    pass_begin(&pass, image, err) < 0)
		return -1;
	extraction->out = out;
	phases_next(phases, 100);
	failed = write_it(extraction, &pass, &phases->monitor, memory, err);
	/* It uses the pass's list of blocks. */
	page_sink_free(extraction->sink);
	return failed;
}

static int begin_core(struct extraction *extraction, struct savetool_error *err)
{
	if (notes_add_cpus(&extraction->core, &extraction->cpus,
			   extraction->guest, err) < 0)
		return -1;
	return vmcoreinfo_begin(&extraction->vmcoreinfo, &extraction->core,
				extraction->guest, err);
}

static int extract(struct savetool_image *image, const char *destination,
		   const struct savetool_memory_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_memory **memory, struct savetool_error *err)
{
	cleanup_guest struct guest guest = GUEST_INIT;
	cleanup_layout struct layout layout = { .unplaced = NULL };
	struct extraction extraction = {
		.base = { .ops = &ops },
		.options = options,
		.guest = &guest,
		.layout = &layout,
	};
	struct phases phases;
	int failed;

	phases_begin(&phases, monitor);
	phases_next(&phases, 50);
	if (guest_read(&guest, image, options->partial, &phases.monitor, err) <
		    0 ||
	    find_layout(&layout, &guest, options, err) < 0)
		return -1;
	if (options->format == SAVETOOL_MEMORY_ELF &&
	    begin_core(&extraction, err) < 0) {
		elf_core_release(&extraction.core);
		return -1;
	}
	failed = extract_to(&extraction, image, destination, &phases, memory,
			    err);
	ram_places_free(&extraction.places);
	elf_core_release(&extraction.core);
	return failed;
}

int savetool_extract_memory(struct savetool_image *image,
			    const char *destination,
			    const struct savetool_memory_options *given,
			    const struct savetool_monitor *monitor,
			    struct savetool_memory **result,
			    struct savetool_error *err)
{
	struct savetool_memory_options options;
	struct savetool_memory *memory = NULL;

	if (options_take(&options, sizeof(options), given, err) < 0)
		return -1;
	if (!savetool_memory_format_name(options.format))
		return fail(err, SAVETOOL_USAGE, "no memory format %d",
			    (int)options.format);
	if ((!options.partial && image_require_complete(image, err) < 0) ||
	    image_spool_beside(image, destination, err) < 0)
		return -1;
	image->keep = !options.partial;
	if (extract(image, destination, &options, monitor, &memory, err) < 0) {
		savetool_memory_free(memory);
		return -1;
	}
	if (result)
		*result = memory;
	else
		savetool_memory_free(memory);
	return 0;
}
