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

/* A word, a name, and what XBZRLE adds to them. */
#define RECORD_HEAD_MOST (DELTA_HEAD + STR8_SIZE)

struct sequential_sink {
	struct page_sink base;
	struct output *out;
	uint64_t page_size;
	const struct ram_block *block; /* of the last record */
	size_t gathered;
	uint8_t bytes[GATHER_SIZE];
};

static int flush(struct sequential_sink *sink, struct savetool_error *err)
{
	size_t size = sink->gathered;

	sink->gathered = 0;
	return size ? output_append(sink->out, sink->bytes, size, err) : 0;
}

/*
 * Adds a record's word and, if the block is another one than before, its name.
 */
static void add_head(struct sequential_sink *sink, const struct page_run *run,
		     uint64_t offset, unsigned flags)
{
	uint8_t *head = sink->bytes + sink->gathered;
	size_t length;

	if (sink->block == run->block) {
		put_be64(head, offset | flags | RAM_CONTINUE);
		sink->gathered += RECORD_HEAD;
		return;
	}
	sink->block = run->block;
	length = strlen(run->block->name);
	put_be64(head, offset | flags);
	head[RECORD_HEAD] = length;
	memcpy(head + RECORD_HEAD + 1, run->block->name, length);
	sink->gathered += RECORD_HEAD + 1 + length;
}

static void add_bytes(struct sequential_sink *sink, const void *data,
		      size_t size)
{
	memcpy(sink->bytes + sink->gathered, data, size);
	sink->gathered += size;
}

/* Writes one record: a page, or XBZRLE for one. */
static int put_record(struct sequential_sink *sink, const struct page_run *run,
		      uint64_t at, struct savetool_error *err)
{
	uint64_t offset = run->offset + at;
	uint8_t size[2];

	if (GATHER_SIZE - sink->gathered < RECORD_HEAD_MOST + sink->page_size &&
	    flush(sink, err) < 0)
		return -1;
	switch (run->kind) {
	case PAGE_DATA:
		add_head(sink, run, offset, RAM_PAGE);
		add_bytes(sink, run->data + at, sink->page_size);
		break;
	case PAGE_ZERO:
	case PAGE_ABSENT:
		add_head(sink, run, offset, RAM_ZERO);
		add_bytes(sink, "", 1); /* the byte that fills the page */
		break;
	case PAGE_DELTA:
		/* The page it applies to has been written before. */
		add_head(sink, run, offset, RAM_XBZRLE);
		put_be16(size, run->delta_size);
		add_bytes(sink, "\1", 1); /* the only encoding there is */
		add_bytes(sink, size, sizeof(size));
		add_bytes(sink, run->data, run->delta_size);
	}
	return 0;
}

static int put_run(struct sequential_sink *sink, const struct page_run *run,
		   struct savetool_error *err)
{
	for (uint64_t at = 0; at < run->length; at += sink->page_size)
		if (put_record(sink, run, at, err) < 0)
			return -1;
	return 0;
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct sequential_sink *sink = (struct sequential_sink *)base;

	for (unsigned i = 0; i < batch->count; i++)
		if (put_run(sink, &batch->runs[i], err) < 0)
			return -1;
	return flush(sink, err);
}

static void sink_free(struct page_sink *base)
{
	free(base);
}

static const struct page_sink_ops ops = { .put = put, .free = sink_free };

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
	sink->page_size = layout->page_size;
	*result = &sink->base;
	return 0;
}
