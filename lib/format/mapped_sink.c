/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes pages to their slots in a mapped-ram file. */
#include "config.h"

#include "base/error.h"
#include "base/zero.h"
#include "format/mapped.h"
#include "io/gather.h"
#include "ram/delta.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct mapped_sink {
	struct page_sink base;
	struct output *out;
	const struct ram_layout *layout;
	unsigned count; /* of its blocks that have the following */
	struct mapped_header *headers;
	bool big_endian;
	struct mapped_base *old; /* NULL: nothing is shared */
	struct bitmap *present;  /* one per block: the bitmap for the file */
	struct bitmap *written;  /* one per block: slots that hold bytes */

	struct gather gather; /* of pages that adjoin in the file */
};

static uint64_t slot(const struct mapped_sink *sink, const struct page_run *run)
{
	return sink->headers[run->block->index].pages_offset + run->offset;
}

/* What is to be shared is so before anything else is written. */
static int flush_shares(struct mapped_sink *sink, struct savetool_error *err)
{
	return sink->old ? mapped_base_flush(sink->old, sink->out, err) : 0;
}

static int put_bytes(struct mapped_sink *sink, uint64_t to, const void *data,
		     size_t size, struct savetool_error *err)
{
	if (flush_shares(sink, err) < 0)
		return -1;
	return gather_put(&sink->gather, to, data, size, err);
}

/* The other way round. */
static int share(struct mapped_sink *sink, uint64_t from, uint64_t to,
		 uint64_t length, struct savetool_error *err)
{
	if (gather_flush(&sink->gather, err) < 0)
		return -1;
	return mapped_base_share(sink->old, sink->out, from, to, length, err);
}

/* What the base has, too, is shared, as far as the file system can. */
static int put_or_share(struct mapped_sink *sink, const struct page_run *run,
			struct savetool_error *err)
{
	uint64_t done = 0, length;

	for (; done < run->length; done += length) {
		uint64_t to = slot(sink, run) + done, from;
		int failed;

		length = mapped_base_compare(sink->old, run, done, to,
					     sink->layout->page_size, &from);
		failed = from == SAVETOOL_UNKNOWN ?
				 put_bytes(sink, to, run->data + done, length,
					   err) :
				 share(sink, from, to, length, err);
		if (failed < 0)
			return -1;
	}
	return 0;
}

static void mark(struct mapped_sink *sink, const struct page_run *run)
{
	uint64_t first = run->offset / sink->layout->page_size;
	uint64_t count = run->length / sink->layout->page_size;

	bitmap_set_range(&sink->present[run->block->index], first, count);
	bitmap_set_range(&sink->written[run->block->index], first, count);
}

static int put_data(struct mapped_sink *sink, const struct page_run *run,
		    struct savetool_error *err)
{
	mark(sink, run);
	if (sink->old)
		return put_or_share(sink, run, err);
	return gather_put(&sink->gather, slot(sink, run), run->data,
			  run->length, err);
}

/*
 * In a prefilled block, a clear bit would leave the destination's own content
 * in place.  So zeros are written out.
 */
static int put_zeros(struct mapped_sink *sink, const struct page_run *run,
		     struct savetool_error *err)
{
	static const uint8_t zeros[RAM_PAGE_MOST];
	uint64_t page_size = sink->layout->page_size;
	uint64_t offset = slot(sink, run), end = offset + run->length;

	if (!run->block->prefilled) {
		bitmap_clear_range(&sink->present[run->block->index],
				   run->offset / page_size,
				   run->length / page_size);
		return 0;
	}
	mark(sink, run);
	/* Not shared: the base may have a hole there. */
	for (; offset < end; offset += page_size)
		if (put_bytes(sink, offset, zeros, page_size, err) < 0)
			return -1;
	return 0;
}

/*
 * Applies XBZRLE to the page in its slot, which is zero if it never came.  The
 * page is written at once, because its buffer is reused.
 */
static int put_delta(struct mapped_sink *sink, const struct page_run *run,
		     struct savetool_error *err)
{
	uint8_t page[RAM_PAGE_MOST];
	struct page_run whole = *run;
	uint64_t page_size = sink->layout->page_size;

	whole.kind = PAGE_DATA;
	whole.data = page;
	if (gather_flush(&sink->gather, err) < 0 ||
	    flush_shares(sink, err) < 0 ||
	    delta_resolve(page, page_size, run, sink->out,
			  bitmap_get(&sink->present[run->block->index],
				     run->offset / page_size),
			  slot(sink, run), err) < 0)
		return -1;
	if (is_zero(page, page_size))
		return put_zeros(sink, &whole, err);
	if (put_data(sink, &whole, err) < 0)
		return -1;
	return gather_flush(&sink->gather, err);
}

static int put_run(struct mapped_sink *sink, const struct page_run *run,
		   struct savetool_error *err)
{
	switch (run->kind) {
	case PAGE_DATA:
		return put_data(sink, run, err);
	case PAGE_ZERO:
		return put_zeros(sink, run, err);
	case PAGE_ABSENT:
		return 0; /* clear from the start */
	case PAGE_DELTA:
		break;
	}
	return put_delta(sink, run, err);
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct mapped_sink *sink = (struct mapped_sink *)base;

	for (unsigned i = 0; i < batch->count; i++)
		if (put_run(sink, &batch->runs[i], err) < 0)
			return -1;
	return gather_flush(&sink->gather, err);
}

/*
 * Punches out pages that had data and became zero in a later record: their old
 * bytes would stay as stale data.
 */
static int punch_stale(struct mapped_sink *sink, unsigned index,
		       struct savetool_error *err)
{
	struct bitmap *written = &sink->written[index];
	uint64_t page_size = sink->layout->page_size, from = 0;

	for (uint64_t i = 0; i < written->size; i++)
		written->bytes[i] &= ~sink->present[index].bytes[i];
	while ((from = bitmap_find(written, from, true)) < written->bits) {
		uint64_t end = bitmap_find(written, from, false);

		if (output_punch(sink->out,
				 sink->headers[index].pages_offset +
					 from * page_size,
				 (end - from) * page_size, err) < 0)
			return -1;
		from = end;
	}
	return 0;
}

static int finish(struct page_sink *base, struct savetool_error *err)
{
	struct mapped_sink *sink = (struct mapped_sink *)base;

	if (flush_shares(sink, err) < 0)
		return -1;
	for (unsigned i = 0; i < sink->count; i++) {
		if (punch_stale(sink, i, err) < 0)
			return -1;
		if (sink->big_endian)
			bitmap_swap(&sink->present[i]);
		if (output_write_at(sink->out, sink->present[i].bytes,
				    sink->present[i].size,
				    sink->headers[i].bitmap_offset, err) < 0)
			return -1;
	}
	return 0;
}

static void sink_free(struct page_sink *base)
{
	struct mapped_sink *sink = (struct mapped_sink *)base;

	for (unsigned i = 0; i < sink->count; i++) {
		bitmap_free(&sink->present[i]);
		bitmap_free(&sink->written[i]);
	}
	free(sink->present);
	free(sink->written);
	free(sink->headers);
	free(sink);
}

/* Makes the arrays longer; what is in them stays. */
static int lengthen(struct mapped_sink *sink, struct savetool_error *err)
{
	size_t count = sink->count + 1;
	void *headers =
		reallocarray(sink->headers, count, sizeof(*sink->headers));
	void *present, *written;

	if (headers)
		sink->headers = headers;
	present = reallocarray(sink->present, count, sizeof(*sink->present));
	if (present)
		sink->present = present;
	written = reallocarray(sink->written, count, sizeof(*sink->written));
	if (written)
		sink->written = written;
	return headers && present && written ? 0 : fail_memory(err);
}

int mapped_sink_grow(struct page_sink *base, const struct mapped_header *header,
		     struct savetool_error *err)
{
	struct mapped_sink *sink = (struct mapped_sink *)base;
	unsigned i = sink->count;
	uint64_t pages;

	if (lengthen(sink, err) < 0)
		return -1;
	pages = sink->layout->blocks[i].length / sink->layout->page_size;
	sink->headers[i] = *header;
	if (!bitmap_init(&sink->present[i], pages))
		return fail_memory(err);
	if (!bitmap_init(&sink->written[i], pages)) {
		bitmap_free(&sink->present[i]);
		return fail_memory(err);
	}
	sink->count++;
	return 0;
}

static const struct page_sink_ops ops = {
	.put = put,
	.finish = finish,
	.free = sink_free,
};

int mapped_sink_new(struct page_sink **result, struct output *out,
		    const struct ram_layout *layout,
		    const struct mapped_header *headers, bool big_endian,
		    struct mapped_base *base, struct savetool_error *err)
{
	struct mapped_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return fail_memory(err);
	sink->base.ops = &ops;
	sink->out = sink->gather.out = out;
	sink->layout = layout;
	sink->big_endian = big_endian;
	sink->old = base;
	for (unsigned i = 0; i < layout->count; i++)
		if (mapped_sink_grow(&sink->base, &headers[i], err) < 0) {
			sink_free(&sink->base);
			return -1;
		}
	*result = &sink->base;
	return 0;
}
