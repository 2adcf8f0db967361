/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command inspect: what an image is. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "facts.h"
#include "progress.h"
#include "report.h"
#include "signals.h"
#include "stdout.h"

#include <stdio.h>

struct job {
	struct cli *cli;
	struct report *report;
	struct progress progress;
	struct facts_options facts;
	bool scan;
	uint64_t offset;
};

static void show(struct job *job, const char *path, const struct st_info *info,
		 const struct st_error *err)
{
	report_open(job->report, path);
	if (info)
		facts_show(job->report, path, info, &job->facts);
	if (err)
		report_error(job->report, err);
	report_commit(job->report);
	stdout_flush();
	if (err)
		cli_complain(path, err);
}

static int inspect(struct job *job, const char *path, size_t part)
{
	const struct st_info *info = NULL;
	const struct st_monitor *monitor;
	struct st_image *image;
	struct st_error err;
	int failed;

	if (st_image_open(&image, path, job->offset, &err) < 0) {
		show(job, path, NULL, &err);
		return (int)err.code;
	}
	monitor = progress_begin(&job->progress, path, part, job->cli->count);
	failed = st_image_describe(image, job->scan, monitor, &info, &err);
	progress_end(&job->progress, !failed);
	/* A damaged image is shown as far as it goes. */
	if (!failed || err.code != ST_CANCELLED)
		show(job, path, info, failed ? &err : NULL);
	st_image_close(image);
	return failed ? (int)err.code : ST_OK;
}

static int inspect_all(struct job *job)
{
	const struct cli *cli = job->cli;
	int status = ST_OK;

	job->report = report_new(stdout, cli->json, cli->count > 1);
	for (size_t i = 0; i < cli->count && status != ST_CANCELLED; i++) {
		if (signals_caught())
			status = ST_CANCELLED;
		else
			status = cli_worse(status,
					   inspect(job, cli->operands[i], i));
	}
	if (status != ST_CANCELLED)
		report_finish(job->report);
	report_free(job->report);
	return status;
}

static int run(struct cli *cli)
{
	struct job job = { .cli = cli, .progress = PROGRESS_INIT };
	struct confine confine;
	const struct option table[] = {
		{ '\0', "scan", NULL, take_flag, &job.scan,
		  "read all of it, and count pages" },
		{ '\0', "xml", NULL, take_flag, &job.facts.xml,
		  "show the domain XML as well" },
		{ '\0', "offset", "N", take_size, &job.offset,
		  "the bare stream starts at byte N" },
		OPTIONS_PROGRESS(&job.progress),
		OPTION_END,
	};

	if (!cli_parse(cli, table))
		return cli->status;
	job.facts.headline = cli->quiet;
	job.facts.verbose = cli->verbose;
	confine_begin(&confine);
	confine_read_all(&confine, cli->operands, cli->count);
	confine_end(&confine);
	return inspect_all(&job);
}

const struct command command_inspect = {
	.name = "inspect",
	.operands = "IMAGE...",
	.summary = "tell what an image is",
	.least = 1,
	.most = SIZE_MAX,
	.run = run,
};
