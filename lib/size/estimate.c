/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Estimates how large an image would be in each format. */
#include "config.h"

#include "size/estimate.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/sequential.h"
#include "io/output_count.h"
#include "size/estimate_internal.h"
#include "size/sample.h"
#include "walk/tee.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BLOCK UINT64_C(4096)

/* Looks at the pages itself; everything else goes to the writers. */
struct estimator {
	struct visitor base;
	struct page_sink sink;
	struct pass *pass;
	bool scan, wants_sample;
	struct probe_writers *probe;
	struct tee *tee; /* to probe and base */
	const struct ram_list *list;
	struct page_volume volume;
	struct sample *sample;
};

static int put(struct page_sink *sink, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct estimator *estimator =
		(void *)((char *)sink - offsetof(struct estimator, sink));

	(void)err;
	for (unsigned i = 0; i < batch->count; i++) {
		const struct page_run *run = &batch->runs[i];

		page_volume_add(&estimator->volume, run);
		if (estimator->sample && run->kind == PAGE_DATA)
			sample_run(estimator->sample, run);
	}
	return 0;
}

static const struct page_sink_ops sink_ops = { .put = put };

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	struct estimator *estimator = (struct estimator *)visitor;

	(void)section;
	estimator->list = list;
	if (page_volume_init(&estimator->volume, &list->layout, err) < 0)
		return -1;
	if (estimator->wants_sample &&
	    sample_new(&estimator->sample, list->layout.page_size, err) < 0)
		return -1;
	if (!list->mapped || estimator->scan)
		*sink = &estimator->sink;
	return 0;
}

/* Counts the pages of a mapped-ram image that were not read. */
static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct estimator *estimator = (struct estimator *)visitor;
	struct page_volume *volume = &estimator->volume;

	(void)tail;
	if (!estimator->list->mapped || estimator->scan)
		return 0;
	for (unsigned i = 0; i < volume->layout->count; i++)
		if (page_volume_add_block(volume, estimator->pass, i, err) < 0)
			return -1;
	if (!estimator->sample)
		return 0;
	return sample_image(estimator->sample, estimator->pass,
			    page_volume_stored(volume), err);
}

static const struct visitor_ops ops = {
	.ram_list = on_ram_list,
	.tail = on_tail,
};

int estimator_new(struct estimator **result, struct pass *pass, bool scan,
		  bool sample, struct savetool_error *err)
{
	struct estimator *estimator = calloc(1, sizeof(*estimator));

	if (!estimator)
		return fail_memory(err);
	estimator->base.ops = &ops;
	estimator->sink.ops = &sink_ops;
	estimator->pass = pass;
	estimator->scan = scan;
	estimator->wants_sample = sample;
	if (probe_writers_new(&estimator->probe, pass->image->libvirt, err) <
		    0 ||
	    tee_new(&estimator->tee, probe_writers_visitor(estimator->probe),
		    &estimator->base, err) < 0) {
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
	tee_free(estimator->tee);
	probe_writers_free(estimator->probe);
	page_volume_release(&estimator->volume);
	sample_free(estimator->sample);
	free(estimator);
}

struct visitor *estimator_visitor(struct estimator *estimator)
{
	return tee_visitor(estimator->tee);
}

uint64_t estimator_least(const struct estimator *estimator)
{
	const struct output *compact =
		probe_output(estimator->probe, PROBE_COMPACT);

	if (!compact)
		return SAVETOOL_UNKNOWN;
	return compact->position + page_volume_least(&estimator->volume);
}

static void estimate_sparse(const struct estimator *estimator,
			    struct savetool_estimate *estimate)
{
	const struct output *sparse =
		probe_output(estimator->probe, PROBE_SPARSE);

	if (!sparse)
		return;
	estimate->known = true;
	estimate->logical = sparse->position;
	estimate->allocated =
		output_counted(sparse) + page_volume_slots(&estimator->volume);
}

static int estimate_packed(const struct estimator *estimator,
			   const struct codec *codec,
			   struct savetool_estimate *estimate,
			   struct savetool_error *err)
{
	const struct page_volume *volume = &estimator->volume;
	const struct pass *pass = estimator->pass;
	uint64_t zeros = 0, header, records, rest, page_record;

	page_record = RECORD_HEAD + volume->layout->page_size;
	header = pass->image->libvirt ? libvirt_size(pass->image->libvirt) : 0;
	records = volume->data_bytes / page_record;
	zeros = (uint64_t)(sample_zero_share(estimator->sample) *
			   (double)records);
	if (sample_estimate(estimator->sample, codec,
			    volume->data_bytes - zeros * page_record,
			    volume->zero_bytes + zeros * ZERO_RECORD, &records,
			    err) < 0 ||
	    sample_tail(codec, pass->tail, &rest, err) < 0)
		return -1;
	*estimate = (struct savetool_estimate){
		.known = true,
		.sampled = true,
		.logical = header + records + rest,
	};
	estimate->allocated = round_up(estimate->logical, FILE_BLOCK);
	return 0;
}

static void estimate_raw(const struct estimator *estimator,
			 const struct output *raw,
			 struct savetool_estimate *estimate)
{
	const struct page_volume *volume = &estimator->volume;

	estimate->known = true;
	estimate->logical = raw->position + volume->data_bytes +
			    volume->zero_bytes + volume->name_bytes;
	estimate->allocated = round_up(estimate->logical, FILE_BLOCK);
}

static int estimate_one(const struct estimator *estimator,
			enum savetool_format format,
			struct savetool_estimate *estimate,
			struct savetool_error *err)
{
	const struct output *raw = probe_output(estimator->probe, PROBE_RAW);

	if (format == SAVETOOL_FORMAT_SPARSE)
		estimate_sparse(estimator, estimate);
	else if (raw && format == SAVETOOL_FORMAT_RAW)
		estimate_raw(estimator, raw, estimate);
	else if (raw)
		return estimate_packed(estimator, codec_for_format(format),
				       estimate, err);
	return 0;
}

int estimator_result(const struct estimator *estimator,
		     struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT],
		     struct savetool_error *err)
{
	memset(estimates, 0, SAVETOOL_FORMAT_COUNT * sizeof(*estimates));
	for (unsigned i = 0; i < SAVETOOL_FORMAT_COUNT; i++) {
		if (estimate_one(estimator, i, &estimates[i], err) == 0)
			continue;
		/* Its program is missing: this format stays unknown. */
		if (err->code != SAVETOOL_UNSUPPORTED)
			return -1;
	}
	return 0;
}
