/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes page records from a stream. */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/page_size.h"
#include "format/sequential.h"
#include "ram/xbzrle.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#define RECORD_KINDS (RAM_ZERO | RAM_PAGE | RAM_XBZRLE | RAM_COMPRESS_PAGE)

/* A record's first word, and where it was. */
struct record {
	uint64_t offset; /* in the stream */
	uint64_t page;   /* its offset in the block */
	unsigned flags;
};

static int bad_record(const struct record *record, const char *problem,
		      struct savetool_error *err)
{
	return fail_at(err, SAVETOOL_CORRUPT, record->offset,
		       "%s in page record", problem);
}

/* Finds the block: the previous record's, or by name. */
static int read_block(struct sequential_source *source,
		      const struct record *record, struct savetool_error *err)
{
	const struct ram_layout *layout = source->base.layout;
	struct reader *reader = &source->stream->reader;
	char name[STR8_SIZE];

	if (record->flags & RAM_CONTINUE) {
		if (!source->block)
			return bad_record(record, "no block to continue", err);
		return 0;
	}
	if (reader_str8(reader, name, err) < 0)
		return -1;
	source->block = ram_layout_find(layout, name);
	if (!source->block)
		return fail_at(err, SAVETOOL_CORRUPT, record->offset,
			       "unknown block '%s' in page record", name);
	return 0;
}

/*
 * Space for a page that the stream does not hold as such.  A batch ends before
 * that space runs out.
 */
static uint8_t *make_page(struct sequential_source *source,
			  struct page_batch *batch, struct page_run *run)
{
	uint8_t *page;

	if (!batch->chunks[1]) {
		batch->chunks[1] = chunk_take(source->stream->reader.pool);
		source->made = 0;
	}
	page = batch->chunks[1]->data + source->made;
	source->made += run->length;
	run->kind = PAGE_DATA;
	run->data = page;
	return page;
}

/* QEMU before 1.5 could fill a page with another byte than zero. */
static int read_zero(struct sequential_source *source, struct page_batch *batch,
		     struct page_run *run, struct savetool_error *err)
{
	uint8_t fill;

	run->kind = PAGE_ZERO;
	if (reader_u8(&source->stream->reader, &fill, err) < 0)
		return -1;
	if (fill != 0)
		memset(make_page(source, batch, run), fill, run->length);
	return 0;
}

/* A zlib stream of one page, as QEMU before 9.1 could write it. */
static int read_compressed(struct sequential_source *source,
			   struct page_batch *batch, struct page_run *run,
			   const struct record *record,
			   struct savetool_error *err)
{
	struct reader *reader = &source->stream->reader;
	uint32_t packed;
	uLongf size = run->length;
	uLong used;

	if (reader_be32(reader, &packed, err) < 0)
		return -1;
	if (packed > compressBound(run->length))
		return bad_record(record, "too much compressed data", err);
	if (reader_need(reader, packed, err) < 0)
		return -1;
	used = packed;
	if (uncompress2(make_page(source, batch, run), &size, reader->next,
			&used) != Z_OK ||
	    size != run->length || used != packed)
		return bad_record(record, "damaged compressed data", err);
	source->stream->encoded_pages++;
	return reader_consume(reader, packed, err);
}

/* Makes size bytes visible, and lets the batch hold their chunk. */
static int hold(struct reader *reader, struct page_batch *batch, size_t size,
		struct savetool_error *err)
{
	if (reader_need(reader, size, err) < 0)
		return -1;
	if (!batch->chunks[0] && reader->chunk)
		batch->chunks[0] = chunk_share(reader->chunk);
	return 0;
}

static int read_page(struct reader *reader, struct page_batch *batch,
		     struct page_run *run, struct savetool_error *err)
{
	if (hold(reader, batch, run->length, err) < 0)
		return -1;
	run->kind = PAGE_DATA;
	run->data = reader->next;
	return reader_consume(reader, run->length, err);
}

static int read_xbzrle(struct sequential_source *source,
		       struct page_batch *batch, struct page_run *run,
		       const struct record *record, struct savetool_error *err)
{
	struct reader *reader = &source->stream->reader;
	uint8_t encoding;
	uint16_t size;

	if (reader_u8(reader, &encoding, err) < 0 ||
	    reader_be16(reader, &size, err) < 0)
		return -1;
	if (encoding != 1)
		return bad_record(record, "unknown XBZRLE encoding", err);
	if (size > run->length)
		return bad_record(record, "XBZRLE longer than a page", err);
	if (hold(reader, batch, size, err) < 0)
		return -1;
	if (!xbzrle_is_valid(run->length, reader->next, size))
		return bad_record(record, "damaged XBZRLE", err);
	run->kind = PAGE_DELTA;
	run->data = reader->next;
	run->delta_size = size;
	source->stream->encoded_pages++;
	return reader_consume(reader, size, err);
}

static int check_flags(const struct record *record, struct savetool_error *err)
{
	/* RDMA's word has no other bits; with more, the record is broken. */
	if (record->flags == RAM_HOOK && record->page == 0)
		return fail_at(
			err, SAVETOOL_UNSUPPORTED, record->offset,
			"RDMA migration: its pages are not in the stream");
	if (record->flags & ~(RECORD_KINDS | RAM_CONTINUE))
		return fail_at(err, SAVETOOL_CORRUPT, record->offset,
			       "unexpected flags 0x%03x in page record",
			       record->flags);
	switch (record->flags & RECORD_KINDS) {
	case RAM_ZERO:
	case RAM_PAGE:
	case RAM_XBZRLE:
	case RAM_COMPRESS_PAGE:
		return 0;
	default:
		return fail_at(err, SAVETOOL_CORRUPT, record->offset,
			       "contradictory flags 0x%03x in page record",
			       record->flags);
	}
}

static int read_body(struct sequential_source *source, struct page_batch *batch,
		     const struct record *record, struct savetool_error *err)
{
	struct reader *reader = &source->stream->reader;
	struct page_run run = {
		.block = source->block,
		.offset = record->page,
		.length = source->base.layout->page_size,
	};
	int result;

	if (record->page >= source->block->length)
		result = fail_at(err, SAVETOOL_CORRUPT, record->offset,
				 "page record with offset %" PRIu64
				 " beyond its block of %" PRIu64 " bytes",
				 record->page, source->block->length);
	else if (record->flags & RAM_ZERO)
		result = read_zero(source, batch, &run, err);
	else if (record->flags & RAM_PAGE)
		result = read_page(reader, batch, &run, err);
	else if (record->flags & RAM_XBZRLE)
		result = read_xbzrle(source, batch, &run, record, err);
	else
		result = read_compressed(source, batch, &run, record, err);
	if (result < 0)
		return fail_about_page(err, source->block->name,
				       record->page / run.length);
	page_batch_add(batch, &run);
	return 0;
}

/*
 * With a wrongly guessed page size, records make no sense.  But data that does
 * not even decompress is damaged, whatever the size.
 */
static int doubt(struct stream *stream, struct savetool_error *err)
{
	size_t got;

	if (stream->page_size_guessed && err->code == SAVETOOL_CORRUPT &&
	    reader_look(&stream->reader, CHUNK_HEADROOM, &got, err) < 0)
		return -1;
	return stream_doubt_page_size(stream, err);
}

int sequential_source_record(struct sequential_source *source,
			     struct page_batch *batch,
			     struct savetool_error *err)
{
	struct reader *reader = &source->stream->reader;
	struct record record = { .offset = reader->offset };
	uint64_t word;

	if (reader_be64(reader, &word, err) < 0)
		return -1;
	record.flags = word & (source->base.layout->page_size - 1);
	record.page = word - record.flags;
	if (record.flags == RAM_EOS)
		return 0;
	if (record.flags == RAM_MULTIFD_FLUSH) {
		source->multifd_flushes++;
		return 1;
	}
	if (check_flags(&record, err) < 0 ||
	    read_block(source, &record, err) < 0 ||
	    read_body(source, batch, &record, err) < 0)
		return doubt(source->stream, err);
	return 1;
}

/* A word, a name, a length, a page. */
static size_t record_most(const struct sequential_source *source)
{
	return 8 + STR8_SIZE + 4 +
	       compressBound(source->base.layout->page_size);
}

/*
 * A batch holds one chunk of the stream, and one of pages made from it.  So it
 * ends before a record that might not lie in either as a whole.
 */
static bool fits_chunks(const struct sequential_source *source,
			const struct page_batch *batch)
{
	const struct reader *reader = &source->stream->reader;

	if (!reader->ended && reader_visible(reader) < record_most(source))
		return false;
	return !batch->chunks[1] ||
	       CHUNK_SIZE - source->made >= source->base.layout->page_size;
}

/* Otherwise each small record at the end of a chunk would become a batch. */
static int begin_chunk(struct sequential_source *source,
		       struct savetool_error *err)
{
	size_t got;

	return reader_peek(&source->stream->reader, record_most(source), &got,
			   err);
}

static int next(struct page_source *base, struct page_batch *batch,
		struct savetool_error *err)
{
	struct sequential_source *source = (struct sequential_source *)base;
	int more = 1;

	if (source->ended)
		return 0;
	if (begin_chunk(source, err) < 0)
		return -1;
	do {
		more = sequential_source_record(source, batch, err);
		if (more < 0)
			return -1;
	} while (more && batch->count < BATCH_SOURCE_RUNS &&
		 fits_chunks(source, batch));
	source->ended = !more;
	batch->progress = source->stream->reader.offset;
	return 1;
}

static const struct page_source_ops ops = { .next = next };

void sequential_source_init(struct sequential_source *source,
			    struct stream *stream)
{
	const struct input *in = stream->reader.in;

	*source = (struct sequential_source){
		.base = { .ops = &ops,
			  .layout = &stream->ram.layout,
			  .total = in ? in->size : SAVETOOL_UNKNOWN },
		.stream = stream,
	};
}

void sequential_source_begin(struct sequential_source *source)
{
	source->ended = false;
}
