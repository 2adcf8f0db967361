/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes pages as records of a sequential stream. */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/sequential.h"

#include <stdlib.h>
#include <string.h>

/*
 * Records are gathered here, and this many bytes are written at a time.  To
 * copy a page that is in the processor's cache costs less than to hand the
 * kernel a list of small pieces.
 */
#define GATHER_SIZE (UINT64_C(256) << 10)

/* What is prepared of a batch: usually all of it. */
#define PREPARED_SIZE (CHUNK_SIZE + CHUNK_SIZE / 4)

/* A word, a name, and what XBZRLE adds to them. */
#define RECORD_HEAD_MOST (DELTA_HEAD + STR8_SIZE)

/* Records one after another in memory. */
struct records {
	uint64_t page_size;
	const struct ram_block *block; /* of the last record */
	uint8_t *bytes;
	size_t size;
};

struct sequential_sink {
	struct page_sink base;
	struct output *out;
	struct records gathered;
	uint8_t bytes[GATHER_SIZE];
};

static int flush(struct sequential_sink *sink, struct savetool_error *err)
{
	size_t size = sink->gathered.size;

	sink->gathered.size = 0;
	return size ? output_append(sink->out, sink->bytes, size, err) : 0;
}

/*
 * Adds a record's word and, if the block is another one than before, its name.
 */
static void add_head(struct records *records, const struct page_run *run,
		     uint64_t offset, unsigned flags)
{
	uint8_t *head = records->bytes + records->size;
	size_t length;

	if (records->block == run->block) {
		put_be64(head, offset | flags | RAM_CONTINUE);
		records->size += RECORD_HEAD;
		return;
	}
	records->block = run->block;
	length = strlen(run->block->name);
	put_be64(head, offset | flags);
	head[RECORD_HEAD] = length;
	memcpy(head + RECORD_HEAD + 1, run->block->name, length);
	records->size += RECORD_HEAD + 1 + length;
}

static void add_bytes(struct records *records, const void *data, size_t size)
{
	memcpy(records->bytes + records->size, data, size);
	records->size += size;
}

/* Adds one record: a page, or XBZRLE for one. */
static void add_record(struct records *records, const struct page_run *run,
		       uint64_t at)
{
	uint64_t offset = run->offset + at;
	uint8_t size[2];

	switch (run->kind) {
	case PAGE_DATA:
		add_head(records, run, offset, RAM_PAGE);
		add_bytes(records, run->data + at, records->page_size);
		break;
	case PAGE_ZERO:
	case PAGE_ABSENT:
		add_head(records, run, offset, RAM_ZERO);
		add_bytes(records, "", 1); /* the byte that fills the page */
		break;
	case PAGE_DELTA:
		/* The page it applies to has been written before. */
		add_head(records, run, offset, RAM_XBZRLE);
		put_be16(size, run->delta_size);
		add_bytes(records, "\1", 1); /* the only encoding there is */
		add_bytes(records, size, sizeof(size));
		add_bytes(records, run->data, run->delta_size);
	}
}

/* A bound for the size of any record of a run of this kind. */
static size_t record_bound(const struct records *records,
			   const struct page_run *run)
{
	bool zero = run->kind == PAGE_ZERO || run->kind == PAGE_ABSENT;

	return zero ? RECORD_HEAD + 1 : DELTA_HEAD + records->page_size;
}

/*
 * The first record continues the block of the one before, if put() finds that
 * it can.
 */
static void prepare(const struct page_sink *base, struct page_batch *batch)
{
	const struct sequential_sink *sink =
		(const struct sequential_sink *)base;
	struct records records = {
		.page_size = sink->gathered.page_size,
		.block = batch->count ? batch->runs[0].block : NULL,
	};
	unsigned done;

	if (!batch->prepared)
		batch->prepared = malloc(PREPARED_SIZE);
	if (!batch->prepared)
		return;
	records.bytes = batch->prepared;
	for (done = 0; done < batch->count; done++) {
		const struct page_run *run = &batch->runs[done];
		size_t most = run->length / records.page_size *
				      record_bound(&records, run) +
			      STR8_SIZE;

		if (most > PREPARED_SIZE - records.size)
			break;
		for (uint64_t at = 0; at < run->length; at += records.page_size)
			add_record(&records, run, at);
	}
	batch->prepared_runs = done;
	batch->prepared_size = records.size;
}

static int put_run(struct sequential_sink *sink, const struct page_run *run,
		   struct savetool_error *err)
{
	struct records *records = &sink->gathered;

	for (uint64_t at = 0; at < run->length; at += records->page_size) {
		if (GATHER_SIZE - records->size <
			    RECORD_HEAD_MOST + records->page_size &&
		    flush(sink, err) < 0)
			return -1;
		add_record(records, run, at);
	}
	return 0;
}

/* Sets *done to the number of runs that were written as they were prepared. */
static int put_prepared(struct sequential_sink *sink, unsigned *done,
			const struct page_batch *batch,
			struct savetool_error *err)
{
	*done = 0;
	if (batch->prepared_runs == 0 ||
	    batch->runs[0].block != sink->gathered.block)
		return 0;
	*done = batch->prepared_runs;
	sink->gathered.block = batch->runs[*done - 1].block;
	return output_append(sink->out, batch->prepared, batch->prepared_size,
			     err);
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct sequential_sink *sink = (struct sequential_sink *)base;
	unsigned done;

	if (put_prepared(sink, &done, batch, err) < 0)
		return -1;
	for (unsigned i = done; i < batch->count; i++)
		if (put_run(sink, &batch->runs[i], err) < 0)
			return -1;
	return flush(sink, err);
}

static void sink_free(struct page_sink *base)
{
	free(base);
}

static const struct page_sink_ops ops = {
	.put = put,
	.prepare = prepare,
	.free = sink_free,
};

int sequential_sink_new(struct page_sink **result, struct output *out,
			const struct ram_layout *layout,
			struct savetool_error *err)
{
	struct sequential_sink *sink = malloc(sizeof(*sink));

	if (!sink)
		return fail_memory(err);
	memset(sink, 0, offsetof(struct sequential_sink, bytes));
	sink->base.ops = &ops;
	sink->out = out;
	sink->gathered.page_size = layout->page_size;
	sink->gathered.bytes = sink->bytes;
	*result = &sink->base;
	return 0;
}
