/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over what is saved before memory, as far as it is visible. */
#include "config.h"

#include "format/early.h"

#include <stdlib.h>

/* What QEMU sets up: the list of RAM blocks, and what others begin with. */
static int skip_setup(struct stream *stream, const struct section *section,
		      struct savetool_error *err)
{
	if (section_is_ram(section)) {
		if (stream_read_ram_list(stream, err) < 0 ||
		    stream_read_ram_end_mark(stream, err) < 0)
			return -1;
	} else if (stream_skip_payload(stream, section, err) < 0) {
		return -1;
	}
	return stream_end_section(stream, section, err);
}

/* 1: an early device is next; 0: there is none before memory; -1. */
static int find(struct stream *stream, struct savetool_error *err)
{
	struct stream_item item;
	int more;

	while ((more = stream_next(stream, &item, err)) > 0) {
		if (item.kind == STREAM_COMMAND)
			continue;
		if (item.section.type == SECTION_FULL)
			return 1;
		if (item.section.type != SECTION_START)
			return 0;
		if (skip_setup(stream, &item.section, err) < 0)
			return -1;
	}
	return more;
}

bool early_needs_end(const struct stream *stream)
{
	const struct reader *reader = &stream->reader;
	struct savetool_error err;
	struct stream visible = {
		.offset = stream->offset,
		.configuration = stream->configuration,
	};
	int found;

	/* Its list of blocks is not in one piece. */
	if (stream_is_mapped(stream))
		return true;
	reader_init_memory(&visible.reader, reader->next,
			   reader_visible(reader), reader->offset);
	found = find(&visible, &err);
	ram_list_free(&visible.ram);
	free(visible.started);
	return found > 0 || (found < 0 && err.code == SAVETOOL_INCOMPLETE);
}
