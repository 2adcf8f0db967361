/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes pages as records of a sequential stream. */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/sequential.h"

#include <stdlib.h>
#include <string.h>

/*
 * What is between pages (words, names, zero records) is gathered in memory,
 * and pages stay where they are, until a call's worth of either is there.
 */
#define GATHER_SIZE (UINT64_C(64) << 10)
#define GATHER_PARTS 1024

/* A word, a name, and what XBZRLE adds to them. */
#define RECORD_HEAD_MOST (8 + STR8_SIZE + 3)

struct sequential_sink {
	struct page_sink base;
	struct output *out;
	uint64_t page_size;
	const struct ram_block *block; /* of the last record */
	unsigned parts;
	size_t gathered;
	struct iovec iov[GATHER_PARTS];
	uint8_t bytes[GATHER_SIZE];
};

static int flush(struct sequential_sink *sink, struct st_error *err)
{
	unsigned parts = sink->parts;

	sink->parts = 0;
	sink->gathered = 0;
	return parts ? output_append_iov(sink->out, sink->iov, parts, err) : 0;
}

static void add_part(struct sequential_sink *sink, const void *data,
		     size_t size)
{
	struct iovec *last = &sink->iov[sink->parts - 1];

	if (sink->parts > 0 &&
	    (const uint8_t *)last->iov_base + last->iov_len == data)
		last->iov_len += size;
	else
		sink->iov[sink->parts++] = (struct iovec){
			.iov_base = (void *)data,
			.iov_len = size,
		};
}

/* Room for a record: one part for its head, one for its page. */
static int make_room(struct sequential_sink *sink, struct st_error *err)
{
	if (sink->parts + 2 <= GATHER_PARTS &&
	    sink->gathered + RECORD_HEAD_MOST <= GATHER_SIZE)
		return 0;
	return flush(sink, err);
}

/* The word of a record and, for another block than before, its name. */
static size_t put_head(struct sequential_sink *sink, uint8_t *head,
		       const struct page_run *run, uint64_t offset,
		       unsigned flags)
{
	size_t length;

	if (sink->block == run->block) {
		put_be64(head, offset | flags | RAM_CONTINUE);
		return 8;
	}
	sink->block = run->block;
	length = strlen(run->block->name);
	put_be64(head, offset | flags);
	head[8] = length;
	memcpy(head + 9, run->block->name, length);
	return 9 + length;
}

/* One record: its head, one byte more if it is of zeros, else its page. */
static int put_record(struct sequential_sink *sink, const struct page_run *run,
		      uint64_t at, struct st_error *err)
{
	bool data = run->kind == PAGE_DATA;
	uint8_t *head;
	size_t size;

	if (make_room(sink, err) < 0)
		return -1;
	head = sink->bytes + sink->gathered;
	size = put_head(sink, head, run, run->offset + at,
			data ? RAM_PAGE : RAM_ZERO);
	if (!data)
		head[size++] = 0; /* what the page is filled with */
	add_part(sink, head, size);
	sink->gathered += size;
	if (data)
		add_part(sink, run->data + at, sink->page_size);
	return 0;
}

/* Stays as it is: what it changes has been written before. */
static int put_delta(struct sequential_sink *sink, const struct page_run *run,
		     struct st_error *err)
{
	uint8_t *head;
	size_t size;

	if (make_room(sink, err) < 0)
		return -1;
	head = sink->bytes + sink->gathered;
	size = put_head(sink, head, run, run->offset, RAM_XBZRLE);
	head[size++] = 1; /* the only encoding there is */
	put_be16(head + size, run->delta_size);
	size += 2;
	add_part(sink, head, size);
	add_part(sink, run->data, run->delta_size);
	sink->gathered += size;
	return 0;
}

static int put_run(struct sequential_sink *sink, const struct page_run *run,
		   struct st_error *err)
{
	if (run->kind == PAGE_DELTA)
		return put_delta(sink, run, err);
	for (uint64_t at = 0; at < run->length; at += sink->page_size)
		if (put_record(sink, run, at, err) < 0)
			return -1;
	return 0;
}

static int put(struct page_sink *base, const struct page_batch *batch,
	       struct st_error *err)
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
			const struct ram_layout *layout, struct st_error *err)
{
	struct sequential_sink *sink = malloc(sizeof(*sink));

	if (!sink)
		return fail_memory(err);
	memset(sink, 0, offsetof(struct sequential_sink, iov));
	sink->base.ops = &ops;
	sink->out = out;
	sink->page_size = layout->page_size;
	*result = &sink->base;
	return 0;
}
