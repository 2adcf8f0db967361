/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* extract memory: the memory of a guest. */
#include "config.h"

#include "extract.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *own_option(const struct extract *extract)
{
	if (extract->memory_format != SAVETOOL_MEMORY_FORMAT_COUNT)
		return "format";
	if (extract->maps.count > 0)
		return "map";
	if (extract->partial)
		return "partial";
	return extract->block ? "block" : NULL;
}

static const char *problem(const struct extract *extract)
{
	if (extract->block && extract->memory_format != SAVETOOL_MEMORY_RAW &&
	    extract->memory_format != SAVETOOL_MEMORY_FORMAT_COUNT)
		return "'--block' writes format 'raw' only";
	if (extract->block && extract->maps.count > 0)
		return "'--block' and '--map' cannot be combined";
	return NULL;
}

static void show_address(struct report *report, const char *key,
			 const char *label, uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	report_number(report, key, NULL, address);
	report_text(report, NULL, label, text);
}

static void show_ranges(struct report *report,
			const struct savetool_memory *memory)
{
	report_table(report, "ranges", "memory", "rrlr");
	for (size_t i = 0; i < memory->range_count; i++) {
		const struct savetool_memory_range *range = &memory->ranges[i];

		report_row(report);
		show_address(report, "address", "address", range->address);
		report_bytes(report, "length", "length", range->length);
		report_text(report, "block", "block", range->block);
		show_address(report, "offset", "from", range->offset);
	}
	report_close(report);
}

static void show_unplaced(struct report *report,
			  const struct savetool_memory *memory)
{
	report_table(report, "unplaced", "left out", "rll");
	for (size_t i = 0; i < memory->unplaced_count; i++) {
		const struct savetool_memory_unplaced *unplaced =
			&memory->unplaced[i];

		report_row(report);
		report_bytes(report, "length", "length", unplaced->length);
		report_text(report, "block", "block", unplaced->block);
		report_flag(report, "hidden", "hidden", unplaced->hidden);
	}
	report_close(report);
}

/* What the file lacks, or may have in the wrong place. */
static void warn(const struct extract *extract,
		 const struct savetool_memory *memory)
{
	const struct cli *cli = extract->cli;

	cli_warn_lost(cli, extract->source, memory->lost);
	if (memory->assumed)
		cli_warn(cli, extract->source,
			 "the image does not confirm the addresses; the usual "
			 "ones of the machine type were used");
	if (memory->format == SAVETOOL_MEMORY_ELF && memory->cpus == 0)
		cli_warn(cli, extract->source,
			 "the core has no registers: they are not known for "
			 "this architecture");
	if (memory->vmcoreinfo == SAVETOOL_VMCOREINFO_SEVERAL)
		cli_warn(cli, extract->source,
			 "the core has no VMCOREINFO: memory has that of "
			 "several kernels, and nothing shows which one runs");
	for (size_t i = 0; i < memory->unplaced_count; i++)
		if (!memory->unplaced[i].hidden)
			cli_warn(cli, extract->source,
				 "block '%s' was left out, because its address "
				 "is not known; use --map to place it",
				 memory->unplaced[i].block);
}

static void show_core(struct report *report,
		      const struct savetool_memory *memory)
{
	static const char *const from[] = {
		[SAVETOOL_VMCOREINFO_NONE] = "none",
		[SAVETOOL_VMCOREINFO_DEVICE] = "device",
		[SAVETOOL_VMCOREINFO_MEMORY] = "memory",
		[SAVETOOL_VMCOREINFO_SEVERAL] = "several",
	};

	if (memory->format != SAVETOOL_MEMORY_ELF)
		return;
	report_number(report, "cpus", NULL, memory->cpus);
	report_text(report, "vmcoreinfo", NULL, from[memory->vmcoreinfo]);
	report_line(report, "registers of %u processor%s%s", memory->cpus,
		    memory->cpus == 1 ? "" : "s",
		    memory->vmcoreinfo == SAVETOOL_VMCOREINFO_DEVICE ?
			    ", VMCOREINFO as the guest's device says" :
		    memory->vmcoreinfo == SAVETOOL_VMCOREINFO_MEMORY ?
			    ", VMCOREINFO found in memory" :
			    ", no VMCOREINFO");
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
	report_flag(report, "assumed", NULL, memory->assumed);
	report_flag(report, "complete", NULL,
		    memory->broken.code == SAVETOOL_OK);
	if (memory->broken.code != SAVETOOL_OK)
		report_text(report, "reason", NULL, memory->broken.text);
	show_core(report, memory);
	show_ranges(report, memory);
	show_unplaced(report, memory);
}

static void free_maps(struct savetool_memory_map *maps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((char *)maps[i].block);
	free(maps);
}

/* The words have been read before; *maps is the caller's, even if it fails. */
static int read_maps(struct savetool_memory_map **maps, size_t *count,
		     const struct take_words *words, struct savetool_error *err)
{
	char *block = NULL;
	size_t end;

	*count = 0;
	*maps = calloc(words->count + 1, sizeof(**maps));
	if (!*maps) {
		misfit(err, "cannot allocate memory for", "--map");
		err->code = SAVETOOL_SYSTEM;
		return -1;
	}
	for (size_t i = 0; i < words->count; i++) {
		struct savetool_memory_map *map = &(*maps)[i];

		block = NULL;
		if (read_map(words->words[i], &end, &map->address, err) < 0 ||
		    take_text(&block, words->words[i], err) < 0)
			return -1;
		block[end] = '\0';
		map->block = block;
		++*count;
	}
	return 0;
}

static int run(struct extract *extract, struct savetool_image *image,
	       const struct savetool_monitor *monitor, struct report *report,
	       struct savetool_error *err)
{
	bool given = extract->memory_format != SAVETOOL_MEMORY_FORMAT_COUNT;
	struct savetool_memory_options options = {
		.size = sizeof(options),
		.format = given ? extract->memory_format : SAVETOOL_MEMORY_RAW,
		.block = extract->block,
		.force = extract->force,
		.partial = extract->partial,
	};
	struct savetool_memory *memory = NULL;
	struct savetool_memory_map *maps;
	int failed = read_maps(&maps, &options.map_count, &extract->maps, err);

	options.maps = maps;
	if (!failed)
		failed = savetool_extract_memory(image, extract->destination,
						 &options, monitor, &memory,
						 err);
	free_maps(maps, options.map_count);
	if (failed)
		return -1;
	warn(extract, memory);
	if (memory->broken.code != SAVETOOL_OK) {
		cli_complain(extract->source, &memory->broken);
		extract->status = (int)memory->broken.code;
	}
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
