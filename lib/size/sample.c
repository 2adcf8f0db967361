/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the sample, and compresses it. */
#include "config.h"

#include "size/sample.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"
#include "format/sequential.h"
#include "io/output_count.h"

#include <stdlib.h>
#include <string.h>

/* At most so many pieces, each of so many bytes of pages, are taken. */
#define SAMPLE_PIECES 64
#define SAMPLE_PIECE (UINT64_C(256) << 10)

/* A slow codec gets only this much, otherwise it would take many seconds. */
#define SLOW_SAMPLE (UINT64_C(2) << 20)

/* Enough for a codec to see what records of zeros are like. */
#define ZERO_RECORDS (UINT64_C(1) << 14)

/* And this much of a tail, which nearly always is all of it. */
#define TAIL_PIECES 16
#define TAIL_PIECE (UINT64_C(64) << 10)

/* Records of adjoining pages, as they would be in a stream. */
struct piece {
	uint8_t *bytes;
	size_t size;
	uint64_t zero; /* pages left out because they are zero */
};

/*
 * Every step-th piece is kept.  If there are too many, every other one is
 * dropped and the step doubles.  So the sample is spread evenly, however many
 * pages come.
 */
struct sample {
	uint64_t page_size;
	uint64_t pages; /* per piece */
	uint64_t seen;  /* pages offered so far */
	uint64_t step;
	unsigned count;
	struct piece pieces[SAMPLE_PIECES];
};

int sample_new(struct sample **result, uint64_t page_size,
	       struct savetool_error *err)
{
	struct sample *sample = calloc(1, sizeof(*sample));

	if (!sample)
		return fail_memory(err);
	sample->page_size = page_size;
	sample->pages = SAMPLE_PIECE / page_size;
	sample->step = 1;
	for (unsigned i = 0; i < SAMPLE_PIECES; i++) {
		sample->pieces[i].bytes =
			malloc(sample->pages * (RECORD_HEAD + page_size));
		if (!sample->pieces[i].bytes) {
			sample_free(sample);
			return fail_memory(err);
		}
	}
	*result = sample;
	return 0;
}

void sample_free(struct sample *sample)
{
	if (!sample)
		return;
	for (unsigned i = 0; i < SAMPLE_PIECES; i++)
		free(sample->pieces[i].bytes);
	free(sample);
}

static void give_up_half(struct sample *sample)
{
	for (unsigned i = 1; i < SAMPLE_PIECES / 2; i++) {
		struct piece kept = sample->pieces[2 * i];

		sample->pieces[2 * i] = sample->pieces[i];
		sample->pieces[i] = kept;
	}
	sample->count = SAMPLE_PIECES / 2;
	sample->step *= 2;
}

static void begin_piece(struct sample *sample)
{
	struct piece *next;

	next = &sample->pieces[sample->count++];
	next->size = 0;
	next->zero = 0;
}

static void sample_page(struct sample *sample, uint64_t offset,
			const uint8_t *data)
{
	uint64_t number = sample->seen++ / sample->pages;
	struct piece *piece;

	if (number % sample->step != 0)
		return;
	if (number / sample->step == SAMPLE_PIECES) {
		give_up_half(sample);
		if (number % sample->step != 0)
			return;
	}
	if (number / sample->step == sample->count)
		begin_piece(sample);
	piece = &sample->pieces[sample->count - 1];
	if (is_zero(data, sample->page_size)) {
		piece->zero++;
		return;
	}
	put_be64(piece->bytes + piece->size, offset | RAM_PAGE | RAM_CONTINUE);
	memcpy(piece->bytes + piece->size + RECORD_HEAD, data,
	       sample->page_size);
	piece->size += RECORD_HEAD + sample->page_size;
}

void sample_run(struct sample *sample, const struct page_run *run)
{
	for (uint64_t at = 0; at < run->length; at += sample->page_size)
		sample_page(sample, run->offset + at, run->data + at);
}

/*
 * Samples a block: those of its present pages that fall into every step-th
 * piece.
 */
static int sample_block(struct sample *sample, const struct pass *pass,
			unsigned index, uint64_t step, uint64_t *ordinal,
			struct savetool_error *err)
{
	const struct bitmap *bitmap = &pass->bitmaps[index];
	uint64_t slots = pass->stream.ram.headers[index].pages_offset;
	uint64_t page_size = sample->page_size, end;
	uint8_t page[RAM_PAGE_MOST];
	uint64_t first = 0;

	while ((first = bitmap_find(bitmap, first, true)) < bitmap->bits) {
		end = bitmap_find(bitmap, first, false);
		for (; first < end; first++, ++*ordinal) {
			uint64_t into = *ordinal % step;

			if (into >= sample->pages) {
				uint64_t skip = step - into;

				if (skip > end - first)
					skip = end - first;
				first += skip - 1;
				*ordinal += skip - 1;
				continue;
			}
			if (input_read_exactly(pass->in, page, page_size,
					       slots + first * page_size,
					       err) < 0)
				return -1;
			sample_page(sample, first * page_size, page);
		}
	}
	return 0;
}

int sample_image(struct sample *sample, const struct pass *pass, uint64_t pages,
		 struct savetool_error *err)
{
	/* From one piece to the next; a small image is sampled as a whole. */
	uint64_t step = pages / SAMPLE_PIECES + 1, ordinal = 0;

	if (step < sample->pages)
		step = sample->pages;
	for (unsigned i = 0; i < pass->bitmap_count; i++)
		if (sample_block(sample, pass, i, step, &ordinal, err) < 0)
			return -1;
	return 0;
}

double sample_zero_share(const struct sample *sample)
{
	uint64_t zero = 0, other = 0;

	for (unsigned i = 0; i < sample->count; i++) {
		zero += sample->pieces[i].zero;
		other += sample->pieces[i].size /
			 (RECORD_HEAD + sample->page_size);
	}
	return zero ? (double)zero / (double)(zero + other) : 0;
}

static int end_packing(struct output *packer, const struct output *packed,
		       uint64_t *size, struct savetool_error *err)
{
	if (output_commit(packer, err) < 0)
		return -1;
	*size = packed->position;
	return 0;
}

/* The size of all pieces. */
static uint64_t sampled(const struct sample *sample)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < sample->count; i++)
		bytes += sample->pieces[i].size;
	return bytes;
}

/* How much of a piece a codec gets: whole records, from its first one on. */
static size_t part_of(const struct sample *sample, const struct piece *piece,
		      const struct codec *codec)
{
	uint64_t record = RECORD_HEAD + sample->page_size;
	uint64_t all = sampled(sample);

	if (!codec->slow || all <= SLOW_SAMPLE)
		return piece->size;
	return (piece->size / record * SLOW_SAMPLE + all - 1) / all * record;
}

static int pack_pieces(const struct sample *sample, const struct codec *codec,
		       uint64_t *from, uint64_t *to, struct savetool_error *err)
{
	cleanup_output struct output *packed = NULL;
	cleanup_output struct output *packer = NULL;

	*from = 0;
	if (output_open_count(&packed, err) < 0 ||
	    codec_pack(codec, &packer, packed, 0, 0, err) < 0)
		return -1;
	for (unsigned i = 0; i < sample->count; i++) {
		const struct piece *piece = &sample->pieces[i];
		size_t size = part_of(sample, piece, codec);

		if (output_append(packer, piece->bytes, size, err) < 0)
			return -1;
		*from += size;
	}
	return end_packing(packer, packed, to, err);
}

/* Scales the compressed size of a part up to the whole. */
static uint64_t in_proportion(uint64_t whole, uint64_t part, uint64_t packed)
{
	if (part == 0)
		return whole;
	return (uint64_t)((double)whole / (double)part * (double)packed);
}

static int pack_zeros(uint64_t page_size, const struct codec *codec,
		      uint64_t count, uint64_t *to, struct savetool_error *err)
{
	cleanup_free uint8_t *records = malloc(count * ZERO_RECORD);
	cleanup_output struct output *packed = NULL;
	cleanup_output struct output *packer = NULL;

	if (!records)
		return fail_memory(err);
	for (uint64_t i = 0; i < count; i++) {
		put_be64(records + i * ZERO_RECORD,
			 (i * page_size) | RAM_ZERO | RAM_CONTINUE);
		records[i * ZERO_RECORD + 8] = 0;
	}
	if (output_open_count(&packed, err) < 0 ||
	    codec_pack(codec, &packer, packed, 0, 0, err) < 0 ||
	    output_append(packer, records, count * ZERO_RECORD, err) < 0)
		return -1;
	return end_packing(packer, packed, to, err);
}

int sample_estimate(const struct sample *sample, const struct codec *codec,
		    uint64_t data_bytes, uint64_t zero_bytes, uint64_t *size,
		    struct savetool_error *err)
{
	uint64_t count = zero_bytes / ZERO_RECORD, from, to, data = 0, zero = 0;

	if (data_bytes > 0) {
		if (pack_pieces(sample, codec, &from, &to, err) < 0)
			return -1;
		data = in_proportion(data_bytes, from, to);
	}
	if (count > ZERO_RECORDS)
		count = ZERO_RECORDS;
	if (count > 0) {
		if (pack_zeros(sample->page_size, codec, count, &to, err) < 0)
			return -1;
		zero = in_proportion(zero_bytes, count * ZERO_RECORD, to);
	}
	*size = data + zero;
	return 0;
}

int sample_tail(const struct codec *codec, const struct tail *tail,
		uint64_t *size, struct savetool_error *err)
{
	uint64_t step = tail->size / TAIL_PIECES, piece = TAIL_PIECE;
	uint64_t from = 0, to;
	cleanup_output struct output *packed = NULL;
	cleanup_output struct output *packer = NULL;

	if (step <= piece)
		step = piece = tail->size;
	if (output_open_count(&packed, err) < 0 ||
	    codec_pack(codec, &packer, packed, 0, 0, err) < 0)
		return -1;
	for (uint64_t at = 0; at + piece <= tail->size; at += step) {
		if (tail_copy(tail, at, piece, packer, err) < 0)
			return -1;
		from += piece;
	}
	if (end_packing(packer, packed, &to, err) < 0)
		return -1;
	*size = in_proportion(tail->size, from, to);
	return 0;
}
