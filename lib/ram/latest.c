/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes on the last version of each page. */
#include "config.h"

#include "ram/latest.h"

#include "base/bitmap.h"
#include "base/error.h"
#include "base/zero.h"
#include "io/spool.h"
#include "ram/page_words.h"
#include "ram/xbzrle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct latest_block {
	struct page_words last; /* per page: its last version, from 1 */
	struct bitmap changing; /* pages that also come as deltas */
	uint64_t base;          /* of its pages in the temporary file */
};

struct latest {
	unsigned count;
	struct latest_block *blocks;
	bool has_changes;
	uint64_t versions;  /* counted on the first walk */
	uint64_t order;     /* a sum over their pages, in order */
	struct bitmap last; /* one bit per version: is it its page's last? */
	uint64_t versions_again, order_again; /* on the second walk */
};

int latest_new(struct latest **latest, struct savetool_error *err)
{
	*latest = calloc(1, sizeof(**latest));
	return *latest ? 0 : fail_memory(err);
}

void latest_free(struct latest *latest)
{
	if (!latest)
		return;
	for (unsigned i = 0; i < latest->count; i++) {
		page_words_free(&latest->blocks[i].last);
		bitmap_free(&latest->blocks[i].changing);
	}
	free(latest->blocks);
	bitmap_free(&latest->last);
	free(latest);
}

static int fail_changed(struct savetool_error *err)
{
	fail(err, SAVETOOL_SYSTEM, "the image changed while it was read");
	return fail_hint(err, SAVETOOL_HINT_RETRY);
}

int latest_check(const struct latest *latest, struct savetool_error *err)
{
	if (latest->versions_again != latest->versions ||
	    latest->order_again != latest->order)
		return fail_changed(err);
	return 0;
}

/* Adds a page to a sum that depends on the order of the pages. */
static uint64_t add_to_order(uint64_t order, unsigned block, uint64_t page)
{
	order = (order ^ (page << 16 | block)) * UINT64_C(0x9e3779b97f4a7c15);
	return order ^ order >> 29;
}

struct tally {
	struct page_sink base;
	struct latest *latest;
	uint64_t page_size;
};

static int tally_put(struct page_sink *base, const struct page_batch *batch,
		     struct savetool_error *err)
{
	struct tally *tally = (struct tally *)base;
	struct latest *latest = tally->latest;

	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];
		struct latest_block *block = &latest->blocks[run->block->index];
		uint64_t first = run->offset / tally->page_size;
		uint64_t count = run->length / tally->page_size;

		for (uint64_t page = first; page < first + count; page++) {
			latest->order = add_to_order(latest->order,
						     run->block->index, page);
			if (!page_words_set(&block->last, page,
					    ++latest->versions))
				return fail_memory(err);
		}
		if (run->kind == PAGE_DELTA) {
			bitmap_set_range(&block->changing, first, count);
			latest->has_changes = true;
		}
	}
	return 0;
}

static void tally_free(struct page_sink *base)
{
	free(base);
}

static const struct page_sink_ops tally_ops = {
	.put = tally_put,
	.free = tally_free,
};

static int allocate(struct latest *latest, const struct ram_layout *layout,
		    struct savetool_error *err)
{
	uint64_t base = 0;

	latest->blocks = calloc(layout->count + 1, sizeof(*latest->blocks));
	if (!latest->blocks)
		return fail_memory(err);
	for (unsigned i = 0; i < layout->count; i++) {
		struct latest_block *block = &latest->blocks[i];
		uint64_t pages = layout->blocks[i].length / layout->page_size;

		latest->count++;
		block->base = base;
		base += layout->blocks[i].length;
		if (!page_words_init(&block->last, pages) ||
		    !bitmap_init(&block->changing, pages))
			return fail_memory(err);
	}
	return 0;
}

int latest_tally(struct latest *latest, struct page_sink **sink,
		 const struct ram_layout *layout, struct savetool_error *err)
{
	struct tally *tally;

	if (allocate(latest, layout, err) < 0)
		return -1;
	tally = calloc(1, sizeof(*tally));
	if (!tally)
		return fail_memory(err);
	tally->base.ops = &tally_ops;
	tally->latest = latest;
	tally->page_size = layout->page_size;
	*sink = &tally->base;
	return 0;
}

struct latest_sink {
	struct page_sink base;
	struct latest *latest;
	struct page_sink *to;
	uint64_t page_size;
	struct spool spool;      /* pages with deltas; fd -1: there are none */
	struct page_batch batch; /* to pass on */
	uint8_t page[RAM_PAGE_MOST];
};

/* Passes on what the batch has so far.  The chunks stay with the batch. */
static int pass_on(struct latest_sink *sink, struct savetool_error *err)
{
	int result = 0;

	if (sink->batch.count > 0)
		result = sink->to->ops->put(sink->to, &sink->batch, err);
	sink->batch.count = 0;
	return result;
}

/* Brings a page with deltas up to date, in the file and in sink->page. */
static int update(struct latest_sink *sink, const struct page_run *run,
		  struct savetool_error *err)
{
	const struct latest_block *block =
		&sink->latest->blocks[run->block->index];
	uint64_t offset = block->base + run->offset;

	switch (run->kind) {
	case PAGE_DATA:
		memcpy(sink->page, run->data, sink->page_size);
		break;
	case PAGE_DELTA:
		if (spool_read(&sink->spool, sink->page, sink->page_size,
			       offset, err) < 0)
			return -1;
		if (xbzrle_apply(sink->page, sink->page_size, run->data,
				 run->delta_size) < 0) {
			fail(err, SAVETOOL_CORRUPT, "damaged XBZRLE data");
			fail_about_page(err, run->block->name,
					run->offset / sink->page_size);
			return fail_in_block(err, run->block->name);
		}
		break;
	case PAGE_ZERO:
	case PAGE_ABSENT:
		memset(sink->page, 0, sink->page_size);
	}
	return spool_write(&sink->spool, sink->page, sink->page_size, offset,
			   err);
}

/* Passes the page on by itself: its data is the sink's own buffer. */
static int put_changing(struct latest_sink *sink, const struct page_run *run,
			bool last, struct savetool_error *err)
{
	struct page_run whole = *run;

	if (update(sink, run, err) < 0)
		return -1;
	if (!last)
		return 0;
	whole.kind =
		is_zero(sink->page, sink->page_size) ? PAGE_ZERO : PAGE_DATA;
	whole.data = sink->page;
	if (pass_on(sink, err) < 0)
		return -1;
	page_batch_add(&sink->batch, &whole);
	return pass_on(sink, err);
}

static int put_page(struct latest_sink *sink, const struct page_run *run,
		    uint64_t at, struct savetool_error *err)
{
	struct latest *latest = sink->latest;
	const struct latest_block *block = &latest->blocks[run->block->index];
	struct page_run page = *run;
	uint64_t number = (run->offset + at) / sink->page_size;
	bool last;

	page.offset += at;
	page.length = sink->page_size;
	if (page.kind != PAGE_DELTA && page.data)
		page.data += at;
	if (latest->versions_again == latest->versions)
		return fail_changed(err);
	last = bitmap_get(&latest->last, latest->versions_again++);
	latest->order_again =
		add_to_order(latest->order_again, run->block->index, number);
	if (bitmap_get(&block->changing, number))
		return put_changing(sink, &page, last, err);
	if (page.kind == PAGE_DELTA)
		return fail_changed(err);
	if (last)
		page_batch_add(&sink->batch, &page);
	return sink->batch.count < BATCH_RUNS ? 0 : pass_on(sink, err);
}

static int latest_put(struct page_sink *base, const struct page_batch *batch,
		      struct savetool_error *err)
{
	struct latest_sink *sink = (struct latest_sink *)base;

	sink->batch.progress = batch->progress;
	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];

		for (uint64_t at = 0; at < run->length; at += sink->page_size)
			if (put_page(sink, run, at, err) < 0)
				return -1;
	}
	return pass_on(sink, err);
}

static void latest_sink_free(struct page_sink *base)
{
	struct latest_sink *sink = (struct latest_sink *)base;

	if (sink->spool.fd >= 0)
		close(sink->spool.fd);
	free(sink);
}

static const struct page_sink_ops latest_ops = {
	.put = latest_put,
	.free = latest_sink_free,
};

/*
 * Turns a number per page into a bit per version: another sink on the second
 * walk may need eight bytes per page as well.
 */
static int mark_last(struct latest *latest, struct savetool_error *err)
{
	if (!bitmap_init(&latest->last, latest->versions))
		return fail_memory(err);
	for (unsigned i = 0; i < latest->count; i++) {
		struct page_words *last = &latest->blocks[i].last;

		for (uint64_t page = page_words_find(last, 0);
		     page < last->count; page = page_words_find(last, page + 1))
			bitmap_set_range(&latest->last,
					 page_words_get(last, page) - 1, 1);
		page_words_free(last);
	}
	return 0;
}

int latest_sink_new(struct page_sink **result, struct latest *latest,
		    struct page_sink *to, const struct ram_layout *layout,
		    const char *folder, struct savetool_error *err)
{
	struct latest_sink *sink;

	if (mark_last(latest, err) < 0)
		return -1;
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return fail_memory(err);
	sink->base.ops = &latest_ops;
	sink->latest = latest;
	sink->to = to;
	sink->page_size = layout->page_size;
	sink->spool.fd = -1;
	if (latest->has_changes &&
	    spool_create(&sink->spool, folder, err) < 0) {
		latest_sink_free(&sink->base);
		return -1;
	}
	*result = &sink->base;
	return 0;
}
