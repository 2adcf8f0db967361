/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory as a sequential stream has it: page records, one after the other,
 * in as many sections as it took.  QEMU: migration/ram.c, save_page_header,
 * ram_load_precopy.
 */
#ifndef FORMAT_SEQUENTIAL_H
#define FORMAT_SEQUENTIAL_H

#include "format/stream.h"
#include "ram/page.h"

/*
 * A record starts with a word, and for another block than before its name.
 * Of zeros, a byte follows; of XBZRLE, an encoding and a length.
 */
#define RECORD_HEAD 8
#define ZERO_RECORD (RECORD_HEAD + 1)
#define DELTA_HEAD (RECORD_HEAD + 3)

/*
 * The records from where the stream's reader is to the end of the section's
 * payload, which it passes.  One source serves all sections of a stream, one
 * after the other, for a record may continue the block of the one before.
 */
struct sequential_source {
	struct page_source base;
	struct stream *stream;
	const struct ram_block *block; /* of the last record */
	bool ended;                    /* this section's payload */
	uint64_t made; /* bytes of pages in the batch's second chunk */
	uint64_t multifd_flushes; /* pages that went elsewhere */
};

void sequential_source_init(struct sequential_source *source,
			    struct stream *stream);

/* Before each section. */
void sequential_source_begin(struct sequential_source *source);

/*
 * Reads one record, for who wants to know where it is: 1, and its page, if it
 * is about one, is the last of the batch; 0: the payload has ended.  A batch
 * that was empty has room for one.
 */
int sequential_source_record(struct sequential_source *source,
			     struct page_batch *batch,
			     struct savetool_error *err);

/* Appends records to out, which stays the caller's. */
int sequential_sink_new(struct page_sink **sink, struct output *out,
			const struct ram_layout *layout,
			struct savetool_error *err);

#endif
