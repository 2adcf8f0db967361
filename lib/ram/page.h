/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages on their way from one format to another, in runs and batches, and
 * the two interfaces that every format offers: a source that pages come out
 * of, and a sink that they go into.
 */
#ifndef RAM_PAGE_H
#define RAM_PAGE_H

#include "io/chunk.h"
#include "ram/block.h"

enum page_kind {
	PAGE_DATA,   /* the bytes at data */
	PAGE_ZERO,   /* all zero: said so, or stored as such bytes */
	PAGE_ABSENT, /* the source has nothing: zero unless prefilled */
	PAGE_DELTA,  /* one page; the XBZRLE bytes at data change what it is */
};

/* Consecutive pages of one block. */
struct page_run {
	const struct ram_block *block;
	uint64_t offset; /* from the start of the block */
	uint64_t length; /* a multiple of the page size, never 0 */
	enum page_kind kind;
	const uint8_t *data; /* in a chunk; of PAGE_ZERO: NULL unless stored */
	size_t delta_size;   /* PAGE_DELTA only */
};

/*
 * A source stops adding at BATCH_SOURCE_RUNS.  Parting the runs at the edges
 * of zero pages can make a run of each page of a chunk, but no more.
 */
#define BATCH_SOURCE_RUNS 1024
#define BATCH_RUNS (BATCH_SOURCE_RUNS + CHUNK_SIZE / RAM_PAGE_LEAST)

struct page_batch {
	unsigned count;
	struct page_run runs[BATCH_RUNS];
	struct chunk *chunks[2]; /* shared: what the runs' data lies in */
	uint64_t progress;       /* of the source, when it was filled */
};

/* Lets go of the chunks, and has no runs any more. */
void page_batch_clear(struct page_batch *batch);

/*
 * Adds a run, to the last one if they are of one kind and adjoin, data in
 * memory included.
 */
void page_batch_add(struct page_batch *batch, const struct page_run *run);

/* Makes runs of zeros out of the pages in from that have data, but all zero. */
void page_batch_part(struct page_batch *to, const struct page_batch *from,
		     uint64_t page_size);

struct page_source;

/*
 * Where pages come from.  A page may come several times; the last counts.
 */
struct page_source_ops {
	/*
	 * Fills an empty batch: 1, or 0 when there are no more pages, or -1.
	 * May be called from another thread than the one that made the
	 * source.
	 */
	int (*next)(struct page_source *source, struct page_batch *batch,
		    struct savetool_error *err);
};

struct page_source {
	const struct page_source_ops *ops;
	const struct ram_layout *layout;
	uint64_t total; /* that progress runs up to; SAVETOOL_UNKNOWN: nobody
			   knows */
};

struct page_sink;

/* Where pages go to. */
struct page_sink_ops {
	int (*put)(struct page_sink *sink, const struct page_batch *batch,
		   struct savetool_error *err);

	/*
	 * All pages of all sections were put.  NULL: there is nothing left to
	 * do then.
	 */
	int (*finish)(struct page_sink *sink, struct savetool_error *err);
	void (*free)(struct page_sink *sink);
};

struct page_sink {
	const struct page_sink_ops *ops;
};

int page_sink_finish(struct page_sink *sink, struct savetool_error *err);

/* NULL is fine. */
void page_sink_free(struct page_sink *sink);

#endif
