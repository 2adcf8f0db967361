/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages on their way from one format to another, in runs and batches, and the
 * two interfaces that every format implements: a source of pages and a sink for
 * pages.
 */
#ifndef RAM_PAGE_H
#define RAM_PAGE_H

#include "io/chunk.h"
#include "ram/block.h"

enum page_kind {
	PAGE_DATA,   /* the bytes at data */
	PAGE_ZERO,   /* all zero, by its record or by its data */
	PAGE_ABSENT, /* not in the source: zero unless prefilled */
	PAGE_DELTA,  /* one page; data is XBZRLE, to apply to it */
};

/* Consecutive pages of one block. */
struct page_run {
	const struct ram_block *block;
	uint64_t offset; /* from the start of the block */
	uint64_t length; /* a multiple of the page size, never 0 */
	enum page_kind kind;
	const uint8_t *data; /* in a chunk; NULL for PAGE_ZERO, unless stored */
	size_t delta_size;   /* PAGE_DELTA only */
};

/*
 * A source stops adding at BATCH_SOURCE_RUNS.  Splitting the runs at the edges
 * of zero pages adds at most one run per page of a chunk.
 */
#define BATCH_SOURCE_RUNS 1024
#define BATCH_RUNS (BATCH_SOURCE_RUNS + CHUNK_SIZE / RAM_PAGE_LEAST)

struct page_batch {
	unsigned count;
	struct page_run runs[BATCH_RUNS];
	struct chunk *chunks[2]; /* shared: they hold the runs' data */
	uint64_t progress;       /* of the source, when it was filled */

	/* What a sink has made of the first runs; freed by the pump. */
	uint8_t *prepared;
	size_t prepared_size;
	unsigned prepared_runs;
};

/* Releases the chunks and drops all runs. */
void page_batch_clear(struct page_batch *batch);

/*
 * Adds a run.  It is joined to the last one if both are of the same kind and
 * adjoin, their data included.
 */
void page_batch_add(struct page_batch *batch, const struct page_run *run);

/*
 * Copies all runs, and makes pages that have data, but only zeros, PAGE_ZERO.
 */
void page_batch_part(struct page_batch *to, const struct page_batch *from,
		     uint64_t page_size);

struct page_source;

/*
 * Where pages come from.  A page may come several times; the last one counts.
 */
struct page_source_ops {
	/*
	 * Fills an empty batch: 1, or 0 if there are no more pages, or -1.  May
	 * be called from another thread than the one that made the source.
	 */
	int (*next)(struct page_source *source, struct page_batch *batch,
		    struct savetool_error *err);
};

struct page_source {
	const struct page_source_ops *ops;
	const struct ram_layout *layout;
	uint64_t total; /* where progress ends; or SAVETOOL_UNKNOWN */
};

struct page_sink;

/* Where pages go to. */
struct page_sink_ops {
	int (*put)(struct page_sink *sink, const struct page_batch *batch,
		   struct savetool_error *err);

	/*
	 * Does what can be done for a batch before put() gets it, which may
	 * still be busy with an earlier one in another thread: so it changes
	 * the batch only.  May not be called at all.  NULL: there is nothing.
	 */
	void (*prepare)(const struct page_sink *sink, struct page_batch *batch);

	/*
	 * Called once all pages of all sections were put.  NULL: nothing is
	 * left to do then.
	 */
	int (*finish)(struct page_sink *sink, struct savetool_error *err);
	void (*free)(struct page_sink *sink);
};

struct page_sink {
	const struct page_sink_ops *ops;
};

void page_sink_prepare(const struct page_sink *sink, struct page_batch *batch);

int page_sink_finish(struct page_sink *sink, struct savetool_error *err);

/* NULL is fine. */
void page_sink_free(struct page_sink *sink);

#endif
