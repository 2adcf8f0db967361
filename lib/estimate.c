/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large an image would be in each format. */
#include "config.h"

#include "estimate.h"

#include "base/bitmap.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "io/output_count.h"
#include "sample.h"
#include "survey.h"
#include "writer.h"

#include <stdlib.h>
#include <string.h>

/* A record has a word; of zeros, a byte; of XBZRLE, three. */
#define DATA_HEAD 8
#define ZERO_RECORD 9
#define DELTA_HEAD 11

#define FILE_BLOCK UINT64_C(4096)

enum { RAW, COMPACT, SPARSE, WRITERS };

struct block_estimate {
	struct bitmap seen;   /* a record came, or the bit is set */
	struct bitmap stored; /* and the page is not zero in the end */
	uint64_t lost;        /* pages that are, but lie in a hole */
};

struct estimator {
	struct visitor base;
	struct page_sink sink;
	struct output spread; /* into all of outs */
	struct st_image *image;
	bool scan, wants_sample;
	struct output *outs[WRITERS];
	struct writer *writers[WRITERS];
	bool possible[WRITERS];
	const struct ram_list *list;
	unsigned block_count;
	struct block_estimate *blocks;
	const struct ram_block *block; /* of the last record */
	uint64_t data_bytes;           /* of records as convert writes them */
	uint64_t zero_bytes, name_bytes;
	struct sample *sample;
};

/* A step of all writers that can do it; one that cannot is left behind. */
#define visit_writers(estimator, step, ...)                                    \
	for (unsigned i_ = 0; i_ < WRITERS; i_++)                              \
		if ((estimator)->possible[i_] &&                               \
		    visit(writer_visitor((estimator)->writers[i_]), step,      \
			  __VA_ARGS__) < 0)                                    \
	(estimator)->possible[i_] = false

static int start(struct visitor *visitor, const struct stream *stream,
		 struct st_error *err)
{
	visit_writers((struct estimator *)visitor, start, stream, err);
	return 0;
}

static int command(struct visitor *visitor, const struct stream_item *command,
		   struct st_error *err)
{
	visit_writers((struct estimator *)visitor, command, command, err);
	return 0;
}

static int write_all(struct output *out, struct iovec *iov, unsigned count,
		     uint64_t offset, struct st_error *err)
{
	struct estimator *estimator =
		(void *)((char *)out - offsetof(struct estimator, spread));

	(void)offset;
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < WRITERS; j++)
			if (output_append(estimator->outs[j], iov[i].iov_base,
					  iov[i].iov_len, err) < 0)
				return -1;
	return 0;
}

static const struct output_ops spread_ops = { .write_at = write_all };

static int section(struct visitor *visitor, const struct section *section,
		   struct output **copy_to, struct st_error *err)
{
	struct estimator *estimator = (struct estimator *)visitor;
	struct output *ignored;

	visit_writers(estimator, section, section, &ignored, err);
	*copy_to = &estimator->spread;
	return 0;
}

static int section_end(struct visitor *visitor, const struct section *section,
		       struct st_error *err)
{
	visit_writers((struct estimator *)visitor, section_end, section, err);
	return 0;
}

static void set_range(struct bitmap *bitmap, uint64_t first, uint64_t count,
		      bool value)
{
	if (value)
		bitmap_set_range(bitmap, first, count);
	else
		bitmap_clear_range(bitmap, first, count);
}

static void count_run(struct estimator *estimator, const struct page_run *run)
{
	struct block_estimate *block = &estimator->blocks[run->block->index];
	uint64_t page_size = estimator->list->layout.page_size;
	uint64_t first = run->offset / page_size;
	uint64_t count = run->length / page_size;
	bool data = run->kind == PAGE_DATA || run->kind == PAGE_DELTA;

	if (estimator->block != run->block)
		estimator->name_bytes += 1 + strlen(run->block->name);
	estimator->block = run->block;
	if (run->kind == PAGE_DATA)
		estimator->data_bytes += count * (DATA_HEAD + page_size);
	else if (run->kind == PAGE_DELTA)
		estimator->data_bytes += DELTA_HEAD + run->delta_size;
	else
		estimator->zero_bytes += count * ZERO_RECORD;
	if (run->kind == PAGE_ABSENT)
		return;
	bitmap_set_range(&block->seen, first, count);
	set_range(&block->stored, first, count, data);
}

static void sample_run(struct estimator *estimator, const struct page_run *run)
{
	uint64_t page_size = estimator->list->layout.page_size;

	for (uint64_t at = 0; at < run->length; at += page_size)
		sample_page(estimator->sample, run->offset + at,
			    run->data + at);
}

static int put(struct page_sink *sink, const struct page_batch *batch,
	       struct st_error *err)
{
	struct estimator *estimator =
		(void *)((char *)sink - offsetof(struct estimator, sink));

	(void)err;
	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];

		count_run(estimator, run);
		if (estimator->sample && run->kind == PAGE_DATA)
			sample_run(estimator, run);
	}
	return 0;
}

static const struct page_sink_ops sink_ops = { .put = put };

static int make_bitmaps(struct estimator *estimator, struct st_error *err)
{
	const struct ram_layout *layout = &estimator->list->layout;

	estimator->blocks =
		calloc(layout->count + 1, sizeof(*estimator->blocks));
	if (!estimator->blocks)
		return fail_memory(err);
	estimator->block_count = layout->count;
	for (unsigned i = 0; i < layout->count; i++) {
		struct block_estimate *block = &estimator->blocks[i];
		uint64_t pages = layout->blocks[i].length / layout->page_size;

		if (!bitmap_init(&block->seen, pages) ||
		    !bitmap_init(&block->stored, pages))
			return fail_memory(err);
	}
	return 0;
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct st_error *err)
{
	struct estimator *estimator = (struct estimator *)visitor;
	struct page_sink *ignored;

	estimator->list = list;
	visit_writers(estimator, ram_list, section, list, &ignored, err);
	if (make_bitmaps(estimator, err) < 0)
		return -1;
	if (estimator->wants_sample &&
	    sample_new(&estimator->sample, list->layout.page_size, err) < 0)
		return -1;
	if (!list->mapped || estimator->scan)
		*sink = &estimator->sink;
	return 0;
}

static int ram_begin(struct visitor *visitor, const struct section *section,
		     struct st_error *err)
{
	visit_writers((struct estimator *)visitor, ram_begin, section, err);
	return 0;
}

static int ram_end(struct visitor *visitor, const struct section *section,
		   struct st_error *err)
{
	visit_writers((struct estimator *)visitor, ram_end, section, err);
	return 0;
}

static uint64_t stored_pages(const struct estimator *estimator, unsigned i)
{
	const struct block_estimate *block = &estimator->blocks[i];

	return bitmap_count(&block->stored, 0, block->stored.bits) -
	       block->lost;
}

/* A mapped-ram image by its bitmaps: as if its pages came, without bytes. */
static int count_bitmap(struct estimator *estimator, unsigned index,
			struct st_error *err)
{
	const struct ram_block *block = &estimator->list->layout.blocks[index];
	const struct bitmap *bitmap = &estimator->image->bitmaps[index];
	uint64_t page_size = estimator->list->layout.page_size, behind;
	struct block_survey survey;
	uint64_t lost;

	for (uint64_t first = 0; first < bitmap->bits; first = behind) {
		bool present = bitmap_get(bitmap, first);
		struct page_run run = {
			.block = block,
			.offset = first * page_size,
			.kind = present ? PAGE_DATA : PAGE_ABSENT,
		};

		behind = bitmap_find(bitmap, first, !present);
		run.length = (behind - first) * page_size;
		count_run(estimator, &run);
	}
	if (survey_block(&survey, estimator->image, index, err) < 0)
		return -1;
	/* What lies in a hole comes as zeros. */
	lost = survey.lost_bytes / page_size;
	estimator->blocks[index].lost = lost;
	estimator->data_bytes -= lost * (DATA_HEAD + page_size);
	estimator->zero_bytes += lost * ZERO_RECORD;
	return 0;
}

/* Some of the present pages, read at as many places as a sample has. */
static int sample_bitmap(struct estimator *estimator, unsigned index,
			 uint64_t step, uint64_t *ordinal, struct st_error *err)
{
	const struct ram_list *list = estimator->list;
	const struct bitmap *bitmap = &estimator->image->bitmaps[index];
	uint64_t page_size = list->layout.page_size, end;
	uint64_t stretch = SAMPLE_STRETCH / page_size;
	uint8_t page[RAM_PAGE_MOST];
	uint64_t first = 0;

	while ((first = bitmap_find(bitmap, first, true)) < bitmap->bits) {
		end = bitmap_find(bitmap, first, false);
		for (; first < end; first++, ++*ordinal) {
			uint64_t into = *ordinal % step;

			if (into >= stretch) {
				uint64_t skip = step - into;

				if (skip > end - first)
					skip = end - first;
				first += skip - 1;
				*ordinal += skip - 1;
				continue;
			}
			if (input_read_exactly(
				    image_input(estimator->image), page,
				    page_size,
				    list->places[index].pages_offset +
					    first * page_size,
				    err) < 0)
				return -1;
			sample_page(estimator->sample, first * page_size, page);
		}
	}
	return 0;
}

static int count_bitmaps(struct estimator *estimator, struct st_error *err)
{
	unsigned count = estimator->list->layout.count;
	uint64_t page_size = estimator->list->layout.page_size;
	uint64_t pages = 0, step, ordinal = 0;

	for (unsigned i = 0; i < count; i++) {
		if (count_bitmap(estimator, i, err) < 0)
			return -1;
		pages += stored_pages(estimator, i);
	}
	if (!estimator->sample)
		return 0;
	/* From one stretch to the next; at most all of it is one. */
	step = pages / SAMPLE_STRETCHES + 1;
	if (step < SAMPLE_STRETCH / page_size)
		step = SAMPLE_STRETCH / page_size;
	for (unsigned i = 0; i < count; i++)
		if (sample_bitmap(estimator, i, step, &ordinal, err) < 0)
			return -1;
	return 0;
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct st_error *err)
{
	struct estimator *estimator = (struct estimator *)visitor;

	visit_writers(estimator, tail, tail, err);
	if (estimator->list->mapped && !estimator->scan)
		return count_bitmaps(estimator, err);
	return 0;
}

static const struct visitor_ops ops = {
	.start = start,
	.command = command,
	.section = section,
	.section_end = section_end,
	.ram_list = ram_list,
	.ram_begin = ram_begin,
	.ram_end = ram_end,
	.tail = tail,
};

static int open_writers(struct estimator *estimator, struct st_error *err)
{
	const struct libvirt *libvirt = estimator->image->libvirt;

	for (unsigned i = 0; i < WRITERS; i++) {
		const struct writer_options options = {
			.mapped = i == SPARSE,
			.compact = i == COMPACT,
		};

		if (output_open_count(&estimator->outs[i], err) < 0 ||
		    (libvirt &&
		     libvirt_write(libvirt, estimator->outs[i], err) < 0) ||
		    writer_new(&estimator->writers[i], estimator->outs[i],
			       &options, err) < 0)
			return -1;
		estimator->possible[i] = true;
	}
	return 0;
}

int estimator_new(struct estimator **result, struct st_image *image, bool scan,
		  bool sample, struct st_error *err)
{
	struct estimator *estimator = calloc(1, sizeof(*estimator));

	if (!estimator)
		return fail_memory(err);
	estimator->base.ops = &ops;
	estimator->sink.ops = &sink_ops;
	estimator->spread.ops = &spread_ops;
	estimator->image = image;
	estimator->scan = scan;
	estimator->wants_sample = sample;
	if (open_writers(estimator, err) < 0) {
		estimator_free(estimator);
		return -1;
	}
	*result = estimator;
	return 0;
}

void estimator_free(struct estimator *estimator)
{
	if (!estimator)
		return;
	for (unsigned i = 0; i < WRITERS; i++) {
		writer_free(estimator->writers[i]);
		output_close(estimator->outs[i]);
	}
	for (unsigned i = 0; i < estimator->block_count; i++) {
		bitmap_free(&estimator->blocks[i].seen);
		bitmap_free(&estimator->blocks[i].stored);
	}
	free(estimator->blocks);
	sample_free(estimator->sample);
	free(estimator);
}

struct visitor *estimator_visitor(struct estimator *estimator)
{
	return &estimator->base;
}

uint64_t estimator_least(const struct estimator *estimator)
{
	const struct ram_layout *layout = &estimator->list->layout;
	uint64_t least = estimator->outs[COMPACT]->position;

	if (!estimator->possible[COMPACT])
		return ST_UNKNOWN;
	for (unsigned i = 0; i < layout->count; i++) {
		const struct block_estimate *block = &estimator->blocks[i];
		uint64_t seen = bitmap_count(&block->seen, 0, block->seen.bits);
		uint64_t stored = stored_pages(estimator, i);

		if (seen > 0)
			least += 1 + strlen(layout->blocks[i].name);
		least += stored * (DATA_HEAD + layout->page_size) +
			 (seen - stored) * ZERO_RECORD;
	}
	return least;
}

/* Slots of pages that are not zero, and of those that must be said to be. */
static uint64_t slots(const struct estimator *estimator)
{
	const struct ram_layout *layout = &estimator->list->layout;
	uint64_t pages = 0;

	for (unsigned i = 0; i < layout->count; i++) {
		const struct block_estimate *block = &estimator->blocks[i];

		if (layout->blocks[i].prefilled)
			pages +=
				bitmap_count(&block->seen, 0, block->seen.bits);
		else
			pages += stored_pages(estimator, i);
	}
	return pages * layout->page_size;
}

static int estimate_packed(const struct estimator *estimator,
			   enum st_format format, struct st_estimate *estimate,
			   struct st_error *err)
{
	const struct codec *codec = codec_for_format(format);
	const struct st_image *image = estimator->image;
	uint64_t zeros = 0, header, records, rest, page_record;

	page_record = DATA_HEAD + estimator->list->layout.page_size;
	header = image->libvirt ? libvirt_size(image->libvirt) : 0;
	records = estimator->data_bytes / page_record;
	zeros = (uint64_t)(sample_zero_share(estimator->sample) *
			   (double)records);
	if (sample_estimate(estimator->sample, codec,
			    estimator->data_bytes - zeros * page_record,
			    estimator->zero_bytes + zeros * ZERO_RECORD,
			    &records, err) < 0 ||
	    sample_pack(codec, image->tail->data, image->tail->size, &rest,
			err) < 0)
		return -1;
	*estimate = (struct st_estimate){
		.known = true,
		.sampled = true,
		.logical = header + records + rest,
	};
	estimate->allocated = round_up(estimate->logical, FILE_BLOCK);
	return 0;
}

static int estimate_one(const struct estimator *estimator,
			enum st_format format, struct st_estimate *estimate,
			struct st_error *err)
{
	const struct output *raw = estimator->outs[RAW];
	const struct output *sparse = estimator->outs[SPARSE];

	if (format == ST_FORMAT_SPARSE) {
		*estimate = (struct st_estimate){
			.known = estimator->possible[SPARSE],
			.logical = sparse->position,
			.allocated = output_counted(sparse) + slots(estimator),
		};
		return 0;
	}
	if (!estimator->possible[RAW])
		return 0;
	if (format != ST_FORMAT_RAW)
		return estimate_packed(estimator, format, estimate, err);
	estimate->known = true;
	estimate->logical = raw->position + estimator->data_bytes +
			    estimator->zero_bytes + estimator->name_bytes;
	estimate->allocated = round_up(estimate->logical, FILE_BLOCK);
	return 0;
}

int estimator_result(const struct estimator *estimator,
		     struct st_estimate estimates[ST_FORMAT_COUNT],
		     struct st_error *err)
{
	memset(estimates, 0, ST_FORMAT_COUNT * sizeof(*estimates));
	for (unsigned i = 0; i < ST_FORMAT_COUNT; i++) {
		if (estimate_one(estimator, i, &estimates[i], err) == 0)
			continue;
		/* Its program is missing: nothing is known of that format. */
		if (err->code != ST_UNSUPPORTED)
			return -1;
	}
	return 0;
}
