/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was extracted of a guest's memory. */
#include "config.h"

#include "extract/memory_report.h"

#include "base/error.h"
#include "io/space.h"

#include <stdlib.h>
#include <string.h>

void savetool_memory_free(struct savetool_memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->range_count; i++)
		free((char *)memory->ranges[i].block);
	for (size_t i = 0; i < memory->unplaced_count; i++)
		free((char *)memory->unplaced[i].block);
	free((void *)memory->ranges);
	free((void *)memory->unplaced);
	free(memory);
}

static int report_ranges(struct savetool_memory *memory,
			 const struct ram_layout *blocks,
			 const struct ram_places *places,
			 struct savetool_error *err)
{
	struct savetool_memory_range *ranges =
		calloc(places->count + 1, sizeof(*ranges));

	if (!ranges)
		return fail_memory(err);
	memory->ranges = ranges;
	for (size_t i = 0; i < places->count; i++) {
		const struct ram_place *place = &places->list[i];
		char *name = strdup(blocks->blocks[place->block].name);

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

static int report_unplaced(struct savetool_memory *memory,
			   const struct ram_layout *blocks,
			   const enum unplaced *unplaced,
			   struct savetool_error *err)
{
	struct savetool_memory_unplaced *list =
		calloc(blocks->count + 1, sizeof(*list));

	if (!list)
		return fail_memory(err);
	memory->unplaced = list;
	for (unsigned i = 0; unplaced && i < blocks->count; i++) {
		char *name;

		if (unplaced[i] == PLACED)
			continue;
		name = strdup(blocks->blocks[i].name);
		if (!name)
			return fail_memory(err);
		list[memory->unplaced_count++] =
			(struct savetool_memory_unplaced){
				.block = name,
				.length = blocks->blocks[i].length,
				.hidden = unplaced[i] == UNPLACED_HIDDEN,
			};
	}
	return 0;
}

int memory_report_new(struct savetool_memory **result,
		      const struct ram_layout *blocks,
		      const struct layout *layout, const struct output *out,
		      struct savetool_error *err)
{
	struct savetool_memory *memory = calloc(1, sizeof(*memory));
	struct stat st;

	if (!memory)
		return fail_memory(err);
	*result = memory;
	if (fstat(output_fd(out), &st) < 0)
		return fail_errno(err, "cannot examine");
	memory->logical = out->position;
	memory->allocated = space_allocated(&st);
	memory->assumed = layout->assumed;
	if (report_ranges(memory, blocks, &layout->places, err) < 0)
		return -1;
	return report_unplaced(memory, blocks, layout->unplaced, err);
}
