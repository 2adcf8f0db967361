/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command size: sizes used, needed, and estimated for other formats. */
#include "config.h"

#include "confine.h"
#include "images.h"

#include <stdlib.h>

/* A mapped-ram image that wastes a larger share has lost its holes. */
#define DENSE_PERCENT 10

/* Not counted as dense: rounding, and the file system's own lists. */
#define DENSE_NOISE (UINT64_C(1) << 20)

struct job {
	struct images images;
	struct savetool_size_options options;
	struct savetool_open_options open;
	bool dense_requested;
	int dense_percent;
	char *folder;
	struct savetool_space space;
	uint64_t kept, lost; /* of the images so far, copied to folder with or
				without holes */
	struct savetool_sizes total;
	uint64_t total_reclaimable;
	bool rows; /* the table of several images has rows */
};

/* Parses the value of "--fail-if-dense=". */
static int take_dense(void *target, const char *word,
		      struct savetool_error *err)
{
	struct job *job = target;

	job->dense_requested = true;
	return word && *word ? take_number(&job->dense_percent, word, err) : 0;
}

/* If one size is unknown, the sum is. */
static void add(uint64_t *sum, uint64_t size)
{
	if (size == SAVETOOL_UNKNOWN || *sum == SAVETOOL_UNKNOWN)
		*sum = SAVETOOL_UNKNOWN;
	else
		*sum += size;
}

static void add_sizes(struct savetool_sizes *total,
		      const struct savetool_sizes *sizes)
{
	add(&total->logical, sizes->logical);
	add(&total->allocated, sizes->allocated);
	add(&total->needed, sizes->needed);
	add(&total->reclaimable_zero, sizes->reclaimable_zero);
	add(&total->reclaimable_stale, sizes->reclaimable_stale);
	add(&total->reclaimable_superseded, sizes->reclaimable_superseded);
	add(&total->reclaimable_unwritten, sizes->reclaimable_unwritten);
}

/* The known part; without a scan zero pages are not known. */
static uint64_t reclaimable(const struct savetool_sizes *sizes)
{
	const uint64_t parts[] = { sizes->reclaimable_zero,
				   sizes->reclaimable_stale,
				   sizes->reclaimable_superseded,
				   sizes->reclaimable_unwritten };
	uint64_t sum = 0;

	if (sizes->needed == SAVETOOL_UNKNOWN)
		return SAVETOOL_UNKNOWN;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i] != SAVETOOL_UNKNOWN)
			sum += parts[i];
	return sum;
}

/* Several images have one line each, unless there is more to show. */
static bool is_table(const struct job *job)
{
	const struct cli *cli = job->images.cli;

	return report_is_text(job->images.report) && job->images.several &&
	       !cli->verbose && !job->options.estimate && !job->folder;
}

static void show_row(const struct job *job, const struct savetool_sizes *sizes,
		     uint64_t could_free, const char *dense, const char *name)
{
	struct report *report = job->images.report;

	report_row(report);
	report_bytes(report, NULL, "logical", sizes->logical);
	report_bytes(report, NULL, "allocated", sizes->allocated);
	report_bytes(report, NULL, "needed", sizes->needed);
	report_bytes(report, NULL, "reclaimable", could_free);
	if (job->dense_requested)
		report_text(report, NULL, "dense", dense);
	report_text(report, NULL, "file", name);
}

/* In text, 0 is left out. */
static void show_some(struct report *report, const char *key, const char *label,
		      uint64_t size)
{
	bool some = size != SAVETOOL_UNKNOWN && size > 0;

	report_bytes(report, key, some ? label : NULL, size);
}

static void show_sizes(const struct job *job, const char *title,
		       const struct savetool_sizes *sizes)
{
	struct report *report = job->images.report;

	report_section(report, "sizes", title);
	report_exact(report, job->images.cli->verbose);
	report_bytes(report, "logical", "logical", sizes->logical);
	report_bytes(report, "allocated", "allocated", sizes->allocated);
	report_bytes(report, "needed", "needed", sizes->needed);
	show_some(report, "reclaimable-zero", "zero pages",
		  sizes->reclaimable_zero);
	show_some(report, "reclaimable-stale", "stale",
		  sizes->reclaimable_stale);
	show_some(report, "reclaimable-superseded", "superseded",
		  sizes->reclaimable_superseded);
	show_some(report, "reclaimable-unwritten", "allocated ahead",
		  sizes->reclaimable_unwritten);
	report_exact(report, false);
	report_close(report);
}

static void show_estimates(struct report *report,
			   const struct savetool_estimate *estimates)
{
	report_table(report, "formats", "as", "lrrl");
	for (unsigned i = 0; i < SAVETOOL_FORMAT_COUNT; i++) {
		const struct savetool_estimate *estimate = &estimates[i];

		if (!estimate->known)
			continue;
		report_row(report);
		report_text(report, "format", "format",
			    savetool_format_name(i));
		report_bytes(report, "logical", "logical", estimate->logical);
		report_bytes(report, "allocated", "allocated",
			     estimate->allocated);
		if (report_is_text(report))
			report_text(report, NULL, "how",
				    estimate->sampled ? "estimate" : "exact");
		else
			report_flag(report, "estimate", NULL,
				    estimate->sampled);
	}
	report_close(report);
}

static const char *yes(bool value)
{
	return value ? "yes" : "no";
}

/*
 * Shows whether so many bytes would fit, if that is known.  Returns false if
 * they do not, or if it is unknown.
 */
static bool show_fit(const struct job *job, const char *key, const char *label,
		     uint64_t bytes, bool possible)
{
	struct report *report = job->images.report;
	bool known = !possible || bytes != SAVETOOL_UNKNOWN;
	bool fits = possible && known && bytes <= job->space.available;

	if (report_is_text(report) && job->space.writable)
		report_text(report, NULL, label, known ? yes(fits) : "unknown");
	else if (known)
		report_flag(report, key, NULL, fits);
	return fits;
}

/* Several images must fit together.  A pipe has no holes to keep. */
static bool show_folder(struct job *job, const struct savetool_sizes *sizes)
{
	struct report *report = job->images.report;
	const struct savetool_space *space = &job->space;
	bool kept, lost;

	add(&job->kept, sizes->data);
	add(&job->lost,
	    sizes->logical != SAVETOOL_UNKNOWN ? sizes->logical : sizes->data);
	report_section(report, "for", "a copy in");
	report_text(report, "folder", "folder", job->folder);
	report_bytes(report, "available", "free", space->available);
	if (!report_is_text(report)) {
		report_flag(report, "writable", NULL, space->writable);
		if (space->writable) {
			report_flag(report, "holes", NULL, space->holes);
			report_flag(report, "shares-extents", NULL,
				    space->shares);
		}
	} else if (!space->writable) {
		report_line(report, "not writable");
	} else {
		report_text(report, NULL, "can have holes", yes(space->holes));
		report_text(report, NULL, "shares extents", yes(space->shares));
	}
	kept = show_fit(job, "fits-with-holes", "fits with holes", job->kept,
			space->writable && space->holes);
	lost = show_fit(job, "fits-without-holes", "fits without", job->lost,
			space->writable);
	report_close(report);
	return kept || lost;
}

static bool is_dense(const struct job *job, const struct savetool_info *info)
{
	const struct savetool_sizes *sizes = &info->sizes;
	uint64_t limit, around = sizes->around;

	if (info->format != SAVETOOL_FORMAT_SPARSE ||
	    sizes->needed == SAVETOOL_UNKNOWN ||
	    sizes->allocated == SAVETOOL_UNKNOWN)
		return false;
	limit = sizes->needed + DENSE_NOISE +
		sizes->needed / 100 * (uint64_t)job->dense_percent;
	if (around == SAVETOOL_UNKNOWN)
		around = 0;
	return sizes->allocated > limit && sizes->allocated - limit > around;
}

/* An image that was compressed as a whole has no holes to lose. */
static bool is_dense_known(const struct savetool_info *info)
{
	return info->format != SAVETOOL_FORMAT_SPARSE ||
	       info->compression != SAVETOOL_FORMAT_RAW ||
	       info->sizes.needed != SAVETOOL_UNKNOWN;
}

/* 1: dense, if that was asked for, or it is unknown what the image needs. */
static int show_dense(const struct job *job, const struct savetool_info *info)
{
	bool dense = is_dense(job, info);

	if (!is_dense_known(info)) {
		report_line(
			job->images.report,
			"its bitmaps are unreliable: it is unknown whether it "
			"has lost its holes");
		return 1;
	}
	report_flag(job->images.report, "dense", NULL, dense);
	if (dense)
		report_line(
			job->images.report,
			"dense: it has lost its holes, or much of it is stale "
			"or allocated ahead");
	return dense ? 1 : SAVETOOL_OK;
}

/* Returns the exit status, as show_dense(). */
static int show_in_table(struct job *job, const char *path,
			 const struct savetool_info *info, bool whole)
{
	bool asked = whole && job->dense_requested;
	bool known = is_dense_known(info), dense = is_dense(job, info);
	uint64_t could_free = reclaimable(&info->sizes);

	if (!job->rows)
		report_table(job->images.report, NULL, "size",
			     job->dense_requested ? "rrrrll" : "rrrrl");
	job->rows = true;
	add(&job->total_reclaimable, could_free);
	show_row(job, &info->sizes, could_free,
		 !asked ? NULL :
		 known  ? yes(dense) :
			  "unknown",
		 path);
	return asked && (dense || !known) ? 1 : SAVETOOL_OK;
}

/* Shows what is known; returns the exit status for what was asked. */
static int show_known(struct job *job, const char *path,
		      const struct savetool_info *info,
		      const struct savetool_estimate *estimates, bool whole)
{
	struct report *report = job->images.report;
	const char *format = savetool_format_name(info->format);
	int status = SAVETOOL_OK;

	add_sizes(&job->total, &info->sizes);
	if (is_table(job))
		return show_in_table(job, path, info, whole);
	report_text(report, "format", NULL, format);
	report_line(report, "%s: %s", path, format);
	report_line(report, "%s", "");
	show_sizes(job, "size", &info->sizes);
	if (whole && job->options.estimate)
		show_estimates(report, estimates);
	if (job->folder && !show_folder(job, &info->sizes))
		status = 1;
	if (whole && job->dense_requested)
		status = cli_worse(status, show_dense(job, info));
	return status;
}

static int show(struct job *job, const char *path,
		const struct savetool_info *info,
		const struct savetool_estimate *estimates,
		const struct savetool_error *err)
{
	int status = err ? (int)err->code : SAVETOOL_OK;

	images_report(&job->images, path);
	if (info)
		status = cli_worse(
			status, show_known(job, path, info, estimates, !err));
	images_commit(&job->images, path, err);
	return status;
}

static int size(struct images *images, struct savetool_image *image,
		const char *path, const struct savetool_monitor *monitor)
{
	struct job *job = (struct job *)images;
	struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT];
	const struct savetool_info *info = NULL;
	struct savetool_error err;
	int failed = savetool_image_size(image, &job->options, monitor, &info,
					 estimates, &err);

	progress_end(&images->progress, !failed);
	if (failed && err.code == SAVETOOL_CANCELLED)
		return SAVETOOL_CANCELLED;
	return show(job, path, info, estimates, failed ? &err : NULL);
}

static const struct images_task task = { .one = size };

/* A program can add up by itself: the JSON array has only images. */
static void show_total(struct images *images)
{
	struct job *job = (struct job *)images;

	if (!images->several || !report_is_text(images->report))
		return;
	if (is_table(job)) {
		if (job->rows)
			show_row(job, &job->total, job->total_reclaimable, NULL,
				 "total");
		report_close(images->report);
	} else {
		show_sizes(job, "total", &job->total);
	}
	report_commit(images->report);
}

/* A folder that is missing is reported once, not for each image. */
static int examine_folder(struct job *job)
{
	struct savetool_error err;

	if (!job->folder ||
	    savetool_folder_space(&job->space, job->folder, &err) == 0)
		return SAVETOOL_OK;
	return cli_fail(job->images.cli, NULL, &err);
}

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.options = { .size = sizeof(struct savetool_size_options) },
		.open = { .size = sizeof(job.open) },
		.dense_percent = DENSE_PERCENT,
	};
	const struct option table[] = {
		{ '\0', "estimate", NULL, take_flag, &job.options.estimate,
		  "estimate the size in every format" },
		{ '\0', "for", "DIR", take_text, &job.folder,
		  "show whether a copy would fit in DIR" },
		{ '\0', "fail-if-dense", "[PCT]", take_dense, &job,
		  "exit 1 if sparse and PCT % larger than needed" },
		{ '\0', "scan", NULL, take_flag, &job.options.scan,
		  "read all pages and count zero pages" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};
	int status;

	if (!cli_parse(cli, table))
		return cli->status;
	status = examine_folder(&job);
	if (status == SAVETOOL_OK) {
		confine_to_reading(cli->operands, cli->count);
		status = images_read(&job.images, &task, &job.open, show_total);
	}
	free(job.folder);
	return status;
}

const struct command command_size = {
	.name = "size",
	.operands = "IMAGE...",
	.summary = "show the space used, the space needed, and sizes in other "
		   "formats",
	.least = 1,
	.most = SIZE_MAX,
	.run = run,
};
