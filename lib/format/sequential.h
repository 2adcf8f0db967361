/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory as a sequential stream has it: page records, one after the other, in
 * any number of sections.  QEMU: migration/ram.c, save_page_header,
 * ram_load_precopy.
 */
#ifndef FORMAT_SEQUENTIAL_H
#define FORMAT_SEQUENTIAL_H

#include "format/stream.h"
#include "ram/page.h"

/*
 * A record starts with a word, and its block's name if that is not the previous
 * record's.  A zero page adds one byte, XBZRLE an encoding and a length.
 */
#define RECORD_HEAD 8
#define ZERO_RECORD (RECORD_HEAD + 1)
#define DELTA_HEAD (RECORD_HEAD + 3)

/*
 * The records from the stream reader's position to the end of the section's
 * payload, where it leaves the reader.  One source serves all sections of a
 * stream in turn, because a record may continue the block of the section
 * before.
 */
struct sequential_source {
	struct page_source base;
	struct stream *stream;
	const struct ram_block *block; /* of the last record */
	bool ended;                    /* this section's payload */
	uint64_t made; /* bytes of pages in the batch's second chunk */
	uint64_t multifd_flushes; /* pages that are not in this stream */
};

void sequential_source_init(struct sequential_source *source,
			    struct stream *stream);

/* Call this before each section. */
void sequential_source_begin(struct sequential_source *source);

/*
 * Reads a single record, for a caller that needs to know where it is.  1: its
 * page, if it has one, is the last of the batch; 0: the payload has ended.  An
 * empty batch always has space for one.
 */
int sequential_source_record(struct sequential_source *source,
			     struct page_batch *batch,
			     struct savetool_error *err);

/* Appends records to out, which stays the caller's. */
int sequential_sink_new(struct page_sink **sink, struct output *out,
			const struct ram_layout *layout,
			struct savetool_error *err);

#endif
