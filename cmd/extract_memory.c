/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* extract memory: the memory of a guest. */
#include "config.h"

#include "extract.h"

static const char *own_option(const struct extract *extract)
{
	if (extract->memory_format != SAVETOOL_MEMORY_FORMAT_COUNT)
		return "format";
	return extract->block ? "block" : NULL;
}

static const char *problem(const struct extract *extract)
{
	if (extract->block && extract->memory_format != SAVETOOL_MEMORY_RAW &&
	    extract->memory_format != SAVETOOL_MEMORY_FORMAT_COUNT)
		return "'--block' writes format 'raw' only";
	return NULL;
}

static void show_ranges(struct report *report,
			const struct savetool_memory *memory)
{
	report_table(report, "ranges", NULL, "");
	for (size_t i = 0; i < memory->range_count; i++) {
		const struct savetool_memory_range *range = &memory->ranges[i];

		report_row(report);
		report_number(report, "address", NULL, range->address);
		report_number(report, "length", NULL, range->length);
		report_text(report, "block", NULL, range->block);
		report_number(report, "offset", NULL, range->offset);
	}
	report_close(report);
}

static void show(struct report *report, const struct extract *extract,
		 const struct savetool_memory *memory)
{
	const char *format = savetool_memory_format_name(memory->format);
	char logical[REPORT_SIZE_TEXT], allocated[REPORT_SIZE_TEXT];

	report_text(report, "format", NULL, format);
	report_number(report, "logical", NULL, memory->logical);
	report_number(report, "allocated", NULL, memory->allocated);
	report_number(report, "lost", NULL, memory->lost);
	report_size_text(memory->logical, logical);
	report_size_text(memory->allocated, allocated);
	report_line(report, "%s: %s, %s, %s allocated", extract->destination,
		    format, logical, allocated);
	show_ranges(report, memory);
}

static int run(struct extract *extract, struct savetool_image *image,
	       const struct savetool_monitor *monitor, struct report *report,
	       struct savetool_error *err)
{
	bool given = extract->memory_format != SAVETOOL_MEMORY_FORMAT_COUNT;
	const struct savetool_memory_options options = {
		.size = sizeof(options),
		.format = given ? extract->memory_format : SAVETOOL_MEMORY_RAW,
		.block = extract->block,
		.force = extract->force,
	};
	struct savetool_memory *memory;

	if (savetool_extract_memory(image, extract->destination, &options,
				    monitor, &memory, err) < 0)
		return -1;
	cli_warn_lost(extract->cli, extract->source, memory->lost);
	if (report)
		show(report, extract, memory);
	savetool_memory_free(memory);
	return 0;
}

const struct extractor extract_memory = {
	.what = "memory",
	.own_option = own_option,
	.problem = problem,
	.run = run,
};
