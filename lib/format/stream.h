/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A walk over a QEMU migration stream, forwards only: configuration, then
 * commands and sections, then a tail that holds the devices.  What lies
 * before the tail tells its own length; the tail needs its vmdescription.
 * QEMU: migration/savevm.c, qemu_loadvm_state.
 */
#ifndef FORMAT_STREAM_H
#define FORMAT_STREAM_H

#include "format/configuration.h"
#include "format/ram_list.h"
#include "format/section.h"
#include "format/vmdesc.h"

enum stream_item_kind {
	STREAM_COMMAND,
	STREAM_SECTION, /* whose payload the caller has to pass over */
};

struct stream_item {
	enum stream_item_kind kind;
	struct section section; /* its header */
	uint16_t command;       /* STREAM_COMMAND */
	uint16_t command_size;
	const uint8_t *command_data; /* until the next call */
	uint64_t offset;
};

#define SECTIONS_LIMIT 4096

struct stream {
	struct reader reader;
	uint64_t offset; /* of its magic */
	struct configuration configuration;
	enum footers footers;
	unsigned started_count;
	struct section *started; /* those with a START, to know the PARTs by */
	uint64_t advised_page_size; /* by POSTCOPY_ADVISE; 0: none came */
	bool ram_started, ram_ended;
	struct ram_list ram;
	uint64_t encoded_pages; /* compressed by themselves or XBZRLE, of those
				   met so far */

	/*
	 * Found ahead, at the end of a file that can be seen to its end; else
	 * NULL.  The caller's.
	 */
	const struct vmdesc *vmdesc;

	/* What nothing in the stream tells: see page_size.h. */
	uint64_t expected_page_size; /* by the architecture; 0: unknown */
	bool page_size_stated;       /* by the list, or before it */
	bool page_size_guessed;      /* of the layout in ram */
};

/*
 * Reads magic, version and configuration at offset.  What starts otherwise
 * is SAVETOOL_NOT_IMAGE; an old version is SAVETOOL_UNSUPPORTED.  Input and
 * pool stay the caller's.
 */
int stream_open(struct stream *stream, struct input *in,
		struct chunk_pool *pool, uint64_t offset,
		struct savetool_error *err);
void stream_close(struct stream *stream);

/* Is the memory in mapped-ram layout? */
bool stream_is_mapped(const struct stream *stream);

/* 1: *item is next, 0: the tail is next, -1. */
int stream_next(struct stream *stream, struct stream_item *item,
		struct savetool_error *err);

/*
 * After the header of the memory's START: the list, into stream->ram.  Pages
 * have the least of all sizes there if their size is stated nowhere before it;
 * page_size_read_list() finds it.
 */
int stream_read_ram_list(struct stream *stream, struct savetool_error *err);

/* Where the memory must have no records, only the mark of their end. */
int stream_read_ram_end_mark(struct stream *stream, struct savetool_error *err);

/*
 * Passes over a payload that is not the memory's; copies it to reader.copy_to
 * if that is set.
 */
int stream_skip_payload(struct stream *stream, const struct section *section,
			struct savetool_error *err);

/* Behind a section's payload: passes over its footer, if there are any. */
int stream_end_section(struct stream *stream, const struct section *section,
		       struct savetool_error *err);

/*
 * Of records that make no sense (SAVETOOL_CORRUPT): if the size is but a guess,
 * they may be fine: SAVETOOL_UNSUPPORTED.  Always -1.
 */
int stream_doubt_page_size(const struct stream *stream,
			   struct savetool_error *err);

#endif
