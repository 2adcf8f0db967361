/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps a sequential stream: where each page record is. */
#include "config.h"

#include "base/error.h"
#include "base/zero.h"
#include "format/page_size.h"
#include "format/sequential.h"
#include "map/map.h"

#include <stdlib.h>

/* Maps what was read and is not a page. */
static int map_to_reader(struct map *map, struct savetool_error *err)
{
	return map_add_to(map, SAVETOOL_EXTENT_STREAM,
			  map->pass->stream.reader.offset, err);
}

/* Maps one record; the batch has its page and nothing else. */
static int map_record(struct map *map, const struct page_batch *batch,
		      uint64_t length, struct savetool_error *err)
{
	const struct ram_layout *layout = &map->pass->stream.ram.layout;
	const struct page_run *run = &batch->runs[0];
	struct savetool_extent what = {
		.type = SAVETOOL_EXTENT_PAGE_DATA,
		.present = true,
		.block = run->block->name,
		.page = run->offset / layout->page_size,
		.pages = 1,
		.instance = SAVETOOL_UNKNOWN,
	};

	if (run->kind == PAGE_ZERO) {
		what.type = SAVETOOL_EXTENT_ZERO;
		what.present = false;
	} else if (map->scan && run->kind == PAGE_DATA &&
		   is_zero(run->data, run->length)) {
		what.type = SAVETOOL_EXTENT_ZERO;
	}
	return map_add(map, &what, length, err);
}

/* Maps up to the mark that ends the section's records, and its footer. */
static int map_records(struct map *map, struct sequential_source *source,
		       struct page_batch *batch, struct savetool_error *err)
{
	const struct reader *reader = &map->pass->stream.reader;
	int more, result = 0;

	sequential_source_begin(source);
	do {
		uint64_t start = reader->offset;

		more = sequential_source_record(source, batch, err);
		if (more > 0 && batch->count == 0)
			result = map_to_reader(map, err);
		else if (more > 0)
			result = map_record(map, batch, reader->offset - start,
					    err);
		page_batch_clear(batch);
	} while (more > 0 && result == 0);
	return more < 0 ? -1 : result;
}

static int map_ram(struct map *map, const struct section *section,
		   struct sequential_source *source, struct page_batch *batch,
		   struct savetool_error *err)
{
	struct stream *stream = &map->pass->stream;

	if (section->type == SECTION_START) {
		if (page_size_read_list(stream, err) < 0)
			return -1;
		sequential_source_init(source, stream);
	}
	if (map_to_reader(map, err) < 0 ||
	    map_records(map, source, batch, err) < 0 ||
	    stream_end_section(stream, section, err) < 0)
		return -1;
	return map_to_reader(map, err);
}

static int map_items(struct map *map, struct page_batch *batch,
		     struct savetool_error *err)
{
	struct stream *stream = &map->pass->stream;
	struct sequential_source source = { 0 };
	struct stream_item item;
	int more;

	while ((more = stream_next(stream, &item, err)) > 0) {
		if (item.kind == STREAM_SECTION &&
		    section_is_ram(&item.section)) {
			if (map_ram(map, &item.section, &source, batch, err) <
			    0)
				return -1;
			continue;
		}
		if (item.kind == STREAM_SECTION &&
		    (stream_skip_payload(stream, &item.section, err) < 0 ||
		     stream_end_section(stream, &item.section, err) < 0))
			return -1;
		if (map_to_reader(map, err) < 0)
			return -1;
	}
	return more;
}

int map_sequential(struct map *map, struct savetool_error *err)
{
	struct page_batch *batch = calloc(1, sizeof(*batch));
	int result;

	if (!batch)
		return fail_memory(err);
	result = map_items(map, batch, err);
	free(batch);
	if (result < 0 || map_to_reader(map, err) < 0 ||
	    pass_read_tail(map->pass, err) < 0 ||
	    map_tail(map, map->pass->tail, err) < 0)
		return -1;
	return map_add_to(map, SAVETOOL_EXTENT_TRAILING, map->in->size, err);
}
