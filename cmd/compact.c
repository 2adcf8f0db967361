/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command compact: an image in the fewest bytes of its own format. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "facts.h"
#include "images.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
	struct images images;
	struct savetool_open_options open;
	struct savetool_compact_options options;
	int threads;
	char *copy; /* NULL: in place */
};

/* What was freed is counted in allocated bytes. */
static uint64_t freed(const struct savetool_compact_result *result)
{
	if (!result->rewritten || result->linked)
		return 0;
	return result->allocated_before > result->allocated ?
		       result->allocated_before - result->allocated :
		       0;
}

static void show_text(struct report *report, const struct job *job,
		      const char *path,
		      const struct savetool_compact_result *result)
{
	char before[REPORT_SIZE_TEXT], after[REPORT_SIZE_TEXT];
	char resolved[64] = "";

	report_size_text(result->allocated_before, before);
	report_size_text(result->allocated, after);
	if (result->resolved > 0)
		snprintf(resolved, sizeof(resolved),
			 ", %" PRIu64 " pages resolved", result->resolved);
	if (!result->rewritten)
		report_line(report, "%s: compact already, %s", path, before);
	else
		report_line(report, "%s: %s%s, of %s%s%s", path,
			    job->options.dry_run ? "would take " : "", after,
			    before, resolved,
			    result->verified ? ", verified" : "");
}

static void show(struct job *job, const char *path,
		 const struct savetool_compact_result *result)
{
	struct report *report = job->images.report;

	report_open(report, path);
	report_text(report, "destination", NULL, job->copy);
	report_text(report, "format", NULL,
		    savetool_format_name(result->format));
	report_flag(report, "dry-run", NULL, job->options.dry_run);
	report_flag(report, "smaller", NULL, result->smaller);
	report_flag(report, "rewritten", NULL, result->rewritten);
	report_number(report, "resolved", NULL, result->resolved);
	report_number(report, "logical-before", NULL, result->logical_before);
	report_number(report, "allocated-before", NULL,
		      result->allocated_before);
	report_number(report, "logical", NULL, result->logical);
	report_number(report, "allocated", NULL, result->allocated);
	report_number(report, "freed", NULL, freed(result));
	report_number(report, "lost", NULL, result->lost);
	facts_verified(report, result->verified, &result->digest);
	show_text(report, job, job->copy ? job->copy : path, result);
	images_commit(&job->images, path, NULL);
}

static int make_copy(struct job *job, const char *path,
		     const struct savetool_monitor *monitor,
		     struct savetool_compact_result *result,
		     struct savetool_error *err)
{
	struct savetool_image *image;
	int failed;

	if (savetool_image_open(&image, path, &job->open, monitor, err) < 0)
		return -1;
	failed = savetool_compact_copy(image, job->copy, &job->options, monitor,
				       result, err);
	savetool_image_close(image);
	return failed;
}

/* 1: a dry run found something to do. */
static int compact(struct images *images, const char *path)
{
	struct job *job = (struct job *)images;
	const struct savetool_monitor *monitor = images_begin(images, path);
	struct savetool_compact_result result;
	struct savetool_error err;
	int failed;

	if (job->copy)
		failed = make_copy(job, path, monitor, &result, &err);
	else
		failed = savetool_compact(path, &job->open, &job->options,
					  monitor, &result, &err);
	progress_end(&images->progress, !failed);
	if (failed)
		return images_fail(images, path, &err);
	cli_warn_lost(images->cli, path, result.lost);
	if (images->cli->json || !images->cli->quiet)
		show(job, path, &result);
	return job->options.dry_run && result.rewritten ? 1 : SAVETOOL_OK;
}

static int run_job(struct job *job)
{
	struct cli *cli = job->images.cli;
	const char *problem = images_copy_problem(
		cli, job->copy, job->options.force, job->options.dry_run);

	if (problem)
		return cli_misuse(cli, "%s", problem);
	job->options.threads = (unsigned)job->threads;
	/* In place, too, a file is created beside it. */
	if (job->options.dry_run)
		confine_to_reading(cli->operands, cli->count);
	else if (job->copy)
		confine_to_copying(cli->operands[0], job->copy);
	else
		confine_to_changing(cli->operands, cli->count);
	return images_each(&job->images, compact, NULL);
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
		  "only show the new size; exit 1 if not yet compact" },
		{ '\0', "verify", NULL, take_flag, &job.options.verify,
		  "read DEST back and compare it with IMAGE" },
		OPTIONS_COMPRESSION(&job.options.level, &job.threads),
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};
	int status = cli_parse(cli, table) ? run_job(&job) : cli->status;

	free(job.copy);
	return status;
}

const struct command command_compact = {
	.name = "compact",
	.operands = "IMAGE...",
	.summary = "rewrite an image as small as its format allows",
	.least = 1,
	.most = SIZE_MAX,
	.writes = true,
	.run = run,
};
