/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command sparsify: frees storage that an image does not need. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "progress.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

/* --dry-run found something to free. */
#define STATUS_WOULD_FREE 1

struct job {
	struct cli *cli;
	struct savetool_sparsify_options options;
	struct progress progress;
	const char *destination; /* NULL: in place */
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
		show_part(report, result->stale, "in places of absent pages");
		show_part(report, result->zero, "in zero pages");
	}
	show_part(report, result->other, "in other zeros");
	show_part(report, result->lost,
		  "of present pages already lay in holes: see 'savetool "
		  "inspect'");
	if (result->format == SAVETOOL_FORMAT_RAW)
		report_line(report, "superseded and zero records need "
				    "'savetool compact'");
}

static void show_text(struct report *report, const struct job *job,
		      const char *path,
		      const struct savetool_sparsify_result *result)
{
	char freed[REPORT_SIZE_TEXT], allocated[REPORT_SIZE_TEXT];

	report_size_text(result->freed, freed);
	report_size_text(result->allocated, allocated);
	if (is_packed(result))
		report_line(report, "%s: packed by %s, nothing to free", path,
			    savetool_format_name(result->format));
	else if (result->freed == 0)
		report_line(report, "%s: nothing to free, %s allocated", path,
			    allocated);
	else
		report_line(report, "%s: %s %sfreed, %s %sallocated", path,
			    freed, job->options.dry_run ? "would be " : "",
			    allocated,
			    job->options.dry_run ? "would stay " : "");
	if (job->cli->verbose && !is_packed(result))
		show_parts(report, job, result);
}

static void show(const struct job *job,
		 const struct savetool_sparsify_result *result)
{
	struct report *report = report_new(stdout, job->cli->json, false);
	const char *path = job->cli->operands[0];

	report_open(report, path);
	report_text(report, "destination", NULL, job->destination);
	report_text(report, "format", NULL,
		    savetool_format_name(result->format));
	report_flag(report, "dry-run", NULL, job->options.dry_run);
	report_number(report, "freed", NULL, result->freed);
	report_number(report, "logical", NULL, result->logical);
	report_number(report, "allocated-before", NULL, result->before);
	report_number(report, "allocated", NULL, result->allocated);
	if (!is_packed(result))
		report_number(report, "zero-elsewhere", NULL, result->other);
	if (is_sparse(result)) {
		report_number(report, "stale", NULL, result->stale);
		report_number(report, "zero-pages", NULL, result->zero);
		report_number(report, "lost-extents", NULL, result->lost);
	}
	show_text(report, job, job->destination ? job->destination : path,
		  result);
	report_commit(report);
	report_free(report);
}

/*
 * The file to be written; a dry run tries beside it whether holes can be
 * punched.
 */
static const char *target(const struct job *job)
{
	return job->destination ? job->destination : job->cli->operands[0];
}

static int sparsify(struct job *job)
{
	const char *path = job->cli->operands[0];
	const struct savetool_monitor *monitor;
	struct savetool_sparsify_result result;
	struct savetool_error err;
	int failed;

	job->options.size = sizeof(job->options);
	confine_to_writing(path, target(job));
	monitor = progress_begin(&job->progress, path, 0, 1);
	failed = savetool_sparsify(path, job->destination, &job->options,
				   monitor, &result, &err);
	progress_end(&job->progress, !failed);
	if (failed)
		return cli_fail(job->cli, path, &err);
	if (job->cli->json || !job->cli->quiet)
		show(job, &result);
	return job->options.dry_run && result.freed > 0 ? STATUS_WOULD_FREE :
							  SAVETOOL_OK;
}

/* NULL: the options agree. */
static const char *contradiction(const struct job *job)
{
	for (size_t i = 0; i < job->cli->count; i++)
		if (strcmp(job->cli->operands[i], "-") == 0)
			return "a pipe has no holes";
	if (job->options.dry_run && job->destination)
		return "--dry-run writes no DEST";
	if (job->options.force && !job->destination)
		return "--force is about DEST, and there is none";
	return NULL;
}

static int run(struct cli *cli)
{
	struct job job = { .cli = cli, .progress = PROGRESS_INIT };
	const struct option table[] = {
		{ 'n', "dry-run", NULL, take_flag, &job.options.dry_run,
		  "only say what would be freed; status 1 if anything" },
		{ 'f', "force", NULL, take_flag, &job.options.force,
		  "replace DEST if it exists" },
		{ '\0', "zero-only", NULL, take_flag, &job.options.zero_only,
		  "leave every byte readable as before" },
		{ '\0', "offset", "N", take_size, &job.options.offset,
		  "the bare stream starts at byte N of IMAGE" },
		OPTION_BYTE_ORDER(&job.options.byte_order),
		OPTION_DIRECT(&job.options.direct),
		OPTIONS_PROGRESS(&job.progress),
		OPTION_END,
	};
	const char *problem;

	if (!cli_parse(cli, table))
		return cli->status;
	if (cli->count > 1)
		job.destination = cli->operands[1];
	problem = contradiction(&job);
	if (problem)
		return cli_misuse(cli, "%s", problem);
	return sparsify(&job);
}

const struct command command_sparsify = {
	.name = "sparsify",
	.operands = "IMAGE [DEST]",
	.summary = "give back storage that an image does not need",
	.least = 1,
	.most = 2,
	.writes = true,
	.run = run,
};
