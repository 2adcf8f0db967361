/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extracts the memory of a guest. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "image/output.h"
#include "image/pass.h"
#include "image/unchanged.h"
#include "io/space.h"
#include "ram/places.h"
#include "walk/walk.h"

#include <string.h>

struct extraction {
	struct visitor base;
	const struct savetool_memory_options *options;
	struct output *out;
	struct page_sink *sink;
	struct ram_places places; /* at guest-physical addresses */
	const struct ram_layout *layout;
};

static const char *const format_names[] = { "raw" };

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
static int place_block(struct extraction *extraction, const char *name,
		       struct savetool_error *err)
{
	const struct ram_block *block =
		ram_layout_find(extraction->layout, name);
	struct ram_place place = { 0 };

	if (!block)
		return fail(err, SAVETOOL_USAGE, "no RAM block '%s'", name);
	place.block = block->index;
	place.length = block->length;
	return ram_places_add(&extraction->places, &place, err);
}

static int place_all(struct extraction *extraction, struct savetool_error *err)
{
	(void)extraction;
	return fail(err, SAVETOOL_UNSUPPORTED, "no layout is known yet");
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct extraction *extraction = (struct extraction *)visitor;
	const char *block = extraction->options->block;

	(void)section;
	extraction->layout = &list->layout;
	if ((block ? place_block(extraction, block, err) :
		     place_all(extraction, err)) < 0)
		return -1;
	if (placed_sink_new(&extraction->sink, extraction->out, &list->layout,
			    &extraction->places, err) < 0)
		return -1;
	*sink = extraction->sink;
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

void savetool_memory_free(struct savetool_memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->range_count; i++)
		free((char *)memory->ranges[i].block);
	free((void *)memory->ranges);
	free(memory);
}

static int report_ranges(struct savetool_memory *memory,
			 const struct extraction *extraction,
			 struct savetool_error *err)
{
	const struct ram_places *places = &extraction->places;
	struct savetool_memory_range *ranges =
		calloc(places->count + 1, sizeof(*ranges));

	if (!ranges)
		return fail_memory(err);
	memory->ranges = ranges;
	for (size_t i = 0; i < places->count; i++) {
		const struct ram_place *place = &places->list[i];
		char *name =
			strdup(extraction->layout->blocks[place->block].name);

		if (!name)
			return fail_memory(err);
		ranges[memory->range_count++] = (struct savetool_memory_range){
			.address = place->to,
			.length = place->length,
			.block = name,
			.offset = place->offset,
		};
	}
	return 0;
}

static int report(struct savetool_memory **result,
		  const struct extraction *extraction, const struct pass *pass,
		  struct savetool_error *err)
{
	struct savetool_memory *memory = calloc(1, sizeof(*memory));
	struct stat st;

	if (!memory)
		return fail_memory(err);
	*result = memory;
	if (fstat(output_fd(extraction->out), &st) < 0)
		return fail_errno(err, "cannot examine");
	memory->format = extraction->options->format;
	memory->logical = extraction->out->position;
	memory->allocated = space_allocated(&st);
	memory->lost = pass->lost;
	return report_ranges(memory, extraction, err);
}

/* A file ends where its last range does. */
static uint64_t places_end(const struct ram_places *places)
{
	uint64_t end = 0;

	for (size_t i = 0; i < places->count; i++)
		if (places->list[i].to + places->list[i].length > end)
			end = places->list[i].to + places->list[i].length;
	return end;
}

static int write_it(struct extraction *extraction, struct pass *pass,
		    const struct savetool_monitor *monitor,
		    struct savetool_memory **memory, struct savetool_error *err)
{
	struct output *out = extraction->out;

	if (walk(pass, &extraction->base, monitor, err) < 0)
		return -1;
	out->position = places_end(&extraction->places);
	if (report(memory, extraction, pass, err) < 0 ||
	    image_require_unchanged(pass->image, err) < 0)
		return -1;
	return output_commit(out, err);
}

static int require_file(struct savetool_error *err)
{
	return fail(err, SAVETOOL_USAGE, "memory cannot be written to a pipe");
}

static int extract(struct savetool_image *image, const char *destination,
		   const struct savetool_memory_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_memory **memory, struct savetool_error *err)
{
	cleanup_pass struct pass pass = PASS_INIT;
	cleanup_output struct output *out = NULL;
	struct extraction extraction = {
		.base = { .ops = &ops },
		.options = options,
	};
	int failed;

	if (!output_path_can_seek(destination))
		return require_file(err);
	if (pass_begin(&pass, image, err) < 0 ||
	    image_output_open(&out, image, destination, options->force, false,
			      err) < 0)
		return -1;
	if (!out->seekable)
		return require_file(err);
	if (image->direct && output_write_direct(out, err) < 0)
		return -1;
	extraction.out = out;
	failed = write_it(&extraction, &pass, monitor, memory, err);
	page_sink_free(extraction.sink);
	ram_places_free(&extraction.places);
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

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    image_require_complete(image, err) < 0 ||
	    image_spool_beside(image, destination, err) < 0)
		return -1;
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
