/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command sparsify: frees storage that an image does not need. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "images.h"

#include <stdlib.h>
#include <string.h>

/* --dry-run found something to free. */
#define STATUS_WOULD_FREE 1

struct job {
	struct images images;
	struct savetool_open_options open;
	struct savetool_sparsify_options options;
	char *copy; /* NULL: in place */
};

static bool is_sparse(const struct savetool_sparsify_result *result)
{
	return result->format == SAVETOOL_FORMAT_SPARSE;
}

static bool is_packed(const struct savetool_sparsify_result *result)
{
	return result->format != SAVETOOL_FORMAT_RAW && !is_sparse(result);
}

static void show_part(struct report *report, uint64_t bytes, const char *what)
{
	char size[REPORT_SIZE_TEXT];

	if (bytes == 0)
		return;
	report_size_text(bytes, size);
	report_line(report, "%s %s", size, what);
}

/* Where the freed storage was, for --verbose. */
static void show_parts(struct report *report, const struct job *job,
		       const struct savetool_sparsify_result *result)
{
	if (is_sparse(result) && !job->options.zero_only) {
		show_part(report, result->stale, "in slots of absent pages");
		show_part(report, result->zero, "in zero pages");
	}
	show_part(report, result->other, "in other zeros");
	show_part(report, result->unwritten, "allocated ahead");
	show_part(report, result->lost,
		  "of present pages already lie in holes: see 'savetool "
		  "inspect'");
	if (result->format == SAVETOOL_FORMAT_RAW)
		report_line(
			report,
			"superseded and zero records: free them with 'savetool "
			"compact'");
}

static void show_text(struct report *report, const struct job *job,
		      const char *path,
		      const struct savetool_sparsify_result *result)
{
	char freed[REPORT_SIZE_TEXT], allocated[REPORT_SIZE_TEXT + 32] = "";
	bool dry_run = job->options.dry_run;

	report_size_text(result->freed, freed);
	/* A device does not say. */
	if (result->allocated != SAVETOOL_UNKNOWN) {
		memcpy(allocated, ", ", 3);
		report_size_text(result->allocated, allocated + 2);
		strcat(allocated, dry_run && result->freed > 0 ?
					  " would stay allocated" :
					  " allocated");
	}
	if (is_packed(result))
		report_line(report, "%s: compressed (%s): nothing to free",
			    path, savetool_format_name(result->format));
	else if (result->freed == 0)
		report_line(report, "%s: nothing to free%s", path, allocated);
	else
		report_line(report, "%s: %s %sfreed%s", path, freed,
			    dry_run ? "would be " : "", allocated);
	if (job->images.cli->verbose && !is_packed(result))
		show_parts(report, job, result);
}

static void put_size(struct report *report, const char *key, uint64_t bytes)
{
	if (bytes != SAVETOOL_UNKNOWN)
		report_number(report, key, NULL, bytes);
}

static void show(struct job *job, const char *path,
		 const struct savetool_sparsify_result *result)
{
	struct report *report = job->images.report;

	report_open(report, path);
	report_text(report, "destination", NULL, job->copy);
	report_text(report, "format", NULL,
		    savetool_format_name(result->format));
	report_flag(report, "dry-run", NULL, job->options.dry_run);
	report_number(report, "freed", NULL, result->freed);
	report_number(report, "logical", NULL, result->logical);
	put_size(report, "allocated-before", result->before);
	put_size(report, "allocated", result->allocated);
	if (!is_packed(result))
		report_number(report, "zero-elsewhere", NULL, result->other);
	if (!is_packed(result))
		report_number(report, "unwritten", NULL, result->unwritten);
	if (is_sparse(result)) {
		report_number(report, "stale", NULL, result->stale);
		report_number(report, "zero-pages", NULL, result->zero);
		report_number(report, "lost-extents", NULL, result->lost);
	}
	show_text(report, job, job->copy ? job->copy : path, result);
	images_commit(&job->images, path, NULL);
}

static int make_copy(struct job *job, const char *path,
		     const struct savetool_monitor *monitor,
		     struct savetool_sparsify_result *result,
		     struct savetool_error *err)
{
	struct savetool_image *image;
	int failed;

	if (savetool_image_open(&image, path, &job->open, monitor, err) < 0)
		return -1;
	failed = savetool_sparsify_copy(image, job->copy, &job->options,
					monitor, result, err);
	savetool_image_close(image);
	return failed;
}

static int sparsify(struct images *images, const char *path)
{
	struct job *job = (struct job *)images;
	const struct savetool_monitor *monitor = images_begin(images, path);
	struct savetool_sparsify_result result;
	struct savetool_error err;
	int failed;

	if (job->copy)
		failed = make_copy(job, path, monitor, &result, &err);
	else
		failed = savetool_sparsify(path, &job->open, &job->options,
					   monitor, &result, &err);
	progress_end(&images->progress, !failed);
	if (failed)
		return images_fail(images, path, &err);
	if (images->cli->json || !images->cli->quiet)
		show(job, path, &result);
	return job->options.dry_run && result.freed > 0 ? STATUS_WOULD_FREE :
							  SAVETOOL_OK;
}

static int run_job(struct job *job)
{
	struct cli *cli = job->images.cli;
	const char *problem = images_copy_problem(
		cli, job->copy, job->options.force, job->options.dry_run);

	if (problem)
		return cli_misuse(cli, "%s", problem);
	/* A dry run tries in an image's folder if holes can be made there. */
	if (job->copy)
		confine_to_copying(cli->operands[0], job->copy);
	else
		confine_to_changing(cli->operands, cli->count);
	return images_each(&job->images, sparsify, NULL);
}

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.open = { .size = sizeof(job.open) },
		.options = { .size = sizeof(job.options) },
	};
	const struct option table[] = {
		OPTIONS_COPY(&job.copy, &job.options.force),
		{ 'n', "dry-run", NULL, take_flag, &job.options.dry_run,
		  "only show what would be freed; exit 1 if anything" },
		{ '\0', "zero-only", NULL, take_flag, &job.options.zero_only,
		  "free only ranges that are already zero" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};
	int status = cli_parse(cli, table) ? run_job(&job) : cli->status;

	free(job.copy);
	return status;
}

const struct command command_sparsify = {
	.name = "sparsify",
	.operands = "IMAGE...",
	.summary = "free disk space that an image does not need",
	.least = 1,
	.most = SIZE_MAX,
	.writes = true,
	.run = run,
};
