/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command digest: a fingerprint of the guest's state. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "progress.h"
#include "report.h"
#include "signals.h"
#include "stdout.h"

#include <string.h>

struct job {
	struct cli *cli;
	struct report *report;
	struct progress progress;
	uint64_t offset;
};

/* Half of the digits are of memory, the other half of the devices. */
static void show(struct report *report, const char *path, const char *text)
{
	char half[ST_DIGEST_TEXT / 2 + 1] = "";

	report_open(report, path);
	report_text(report, "digest", NULL, text);
	memcpy(half, text, ST_DIGEST_TEXT / 2);
	report_text(report, "memory", NULL, half);
	report_text(report, "devices", NULL, text + ST_DIGEST_TEXT / 2);
	report_line(report, "%s  %s", text, path);
	report_commit(report);
	/* The next one may take minutes. */
	stdout_flush();
}

static int digest(struct job *job, const char *path, size_t part,
		  struct st_digest *result, struct st_error *err)
{
	const struct st_monitor *monitor;
	struct st_image *image;
	int failed;

	if (st_image_open(&image, path, job->offset, err) < 0)
		return -1;
	monitor = progress_begin(&job->progress, path, part, job->cli->count);
	failed = st_image_digest(image, monitor, result, err);
	progress_end(&job->progress, !failed);
	st_image_close(image);
	return failed;
}

static int digest_one(struct job *job, const char *path, size_t part)
{
	struct st_digest result;
	struct st_error err;
	char text[ST_DIGEST_TEXT];

	if (digest(job, path, part, &result, &err) == 0) {
		st_digest_text(&result, text);
		show(job->report, path, text);
		return ST_OK;
	}
	if (err.code == ST_CANCELLED)
		return ST_CANCELLED;
	report_open(job->report, path);
	report_error(job->report, &err);
	report_commit(job->report);
	cli_complain(path, &err);
	return (int)err.code;
}

static int digest_all(struct job *job)
{
	const struct cli *cli = job->cli;
	int status = ST_OK;

	job->report = report_new(stdout, cli->json, cli->count > 1);
	for (size_t i = 0; i < cli->count && status != ST_CANCELLED; i++) {
		if (signals_caught())
			status = ST_CANCELLED;
		else
			status = cli_worse(
				status, digest_one(job, cli->operands[i], i));
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
		{ '\0', "offset", "N", take_size, &job.offset,
		  "the bare stream starts at byte N" },
		OPTIONS_PROGRESS(&job.progress),
		OPTION_END,
	};

	if (!cli_parse(cli, table))
		return cli->status;
	confine_begin(&confine);
	confine_read_all(&confine, cli->operands, cli->count);
	confine_end(&confine);
	return digest_all(&job);
}

const struct command command_digest = {
	.name = "digest",
	.operands = "IMAGE...",
	.summary = "print a fingerprint of the guest's state",
	.least = 1,
	.most = SIZE_MAX,
	.run = run,
};
