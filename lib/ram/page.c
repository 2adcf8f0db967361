/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs and batches of pages. */
#include "config.h"

#include "ram/page.h"

#include "base/zero.h"

void page_batch_clear(struct page_batch *batch)
{
	for (unsigned i = 0; i < 2; i++) {
		chunk_put(batch->chunks[i]);
		batch->chunks[i] = NULL;
	}
	batch->count = 0;
	batch->prepared_runs = 0;
}

static bool continues(const struct page_run *last, const struct page_run *run)
{
	if (last->block != run->block || last->kind != run->kind ||
	    last->offset + last->length != run->offset)
		return false;
	if (run->kind == PAGE_DATA)
		return last->data + last->length == run->data;
	return run->kind != PAGE_DELTA && !last->data == !run->data;
}

void page_batch_add(struct page_batch *batch, const struct page_run *run)
{
	if (batch->count > 0 && continues(&batch->runs[batch->count - 1], run))
		batch->runs[batch->count - 1].length += run->length;
	else
		batch->runs[batch->count++] = *run;
}

/* Splits one run of data at the edges of its zero pages. */
static void part_run(struct page_batch *to, const struct page_run *run,
		     uint64_t page_size)
{
	for (uint64_t at = 0; at < run->length; at += page_size) {
		struct page_run page = {
			.block = run->block,
			.offset = run->offset + at,
			.length = page_size,
			.kind = PAGE_DATA,
			.data = run->data + at,
		};

		if (is_zero(page.data, page_size))
			page.kind = PAGE_ZERO;
		page_batch_add(to, &page);
	}
}

void page_batch_part(struct page_batch *to, const struct page_batch *from,
		     uint64_t page_size)
{
	to->progress = from->progress;
	for (unsigned i = 0; i < 2; i++)
		if (from->chunks[i])
			to->chunks[i] = chunk_share(from->chunks[i]);
	for (unsigned i = 0; i < from->count; i++) {
		if (from->runs[i].kind == PAGE_DATA)
			part_run(to, &from->runs[i], page_size);
		else
			page_batch_add(to, &from->runs[i]);
	}
}

void page_sink_prepare(const struct page_sink *sink, struct page_batch *batch)
{
	if (sink->ops->prepare)
		sink->ops->prepare(sink, batch);
}

int page_sink_finish(struct page_sink *sink, struct savetool_error *err)
{
	return sink->ops->finish ? sink->ops->finish(sink, err) : 0;
}

void page_sink_free(struct page_sink *sink)
{
	if (sink)
		sink->ops->free(sink);
}
