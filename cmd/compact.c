/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command compact: an image in the fewest bytes of its own format. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "facts.h"
#include "progress.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct wish {
	bool force, verify, dry_run, direct;
	int level, threads;
	enum savetool_byte_order byte_order;
	struct progress progress;
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

static void show_text(struct report *report, const struct cli *cli,
		      bool dry_run,
		      const struct savetool_compact_result *result)
{
	const char *path = cli->operands[cli->count - 1];
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
			    dry_run ? "would take " : "", after, before,
			    resolved, result->verified ? ", verified" : "");
}

static void show(const struct cli *cli, bool dry_run,
		 const struct savetool_compact_result *result)
{
	struct report *report = report_new(stdout, cli->json, false);

	report_open(report, NULL);
	report_text(report, "path", NULL, cli->operands[0]);
	if (cli->count > 1)
		report_text(report, "destination", NULL, cli->operands[1]);
	report_text(report, "format", NULL,
		    savetool_format_name(result->format));
	report_flag(report, "dry-run", NULL, dry_run);
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
	show_text(report, cli, dry_run, result);
	report_commit(report);
	report_free(report);
}

/* 1: a dry run found something to do. */
static int compact(struct cli *cli, struct wish *wish)
{
	const struct savetool_compact_options options = {
		.size = sizeof(options),
		.level = wish->level,
		.threads = wish->threads,
		.force = wish->force,
		.verify = wish->verify,
		.dry_run = wish->dry_run,
		.direct = wish->direct,
		.byte_order = wish->byte_order,
	};
	const char *path = cli->operands[0];
	const char *destination = cli->count > 1 ? cli->operands[1] : NULL;
	struct savetool_compact_result result;
	const struct savetool_monitor *monitor;
	struct savetool_error err;
	int failed;

	/* In place, too, a file is created beside it. */
	if (wish->dry_run)
		confine_to_writing(path, NULL);
	else
		confine_to_writing(path, destination ? destination : path);
	monitor = progress_begin(&wish->progress, path, 0, 1);
	failed = savetool_compact(path, destination, &options, monitor, &result,
				  &err);
	progress_end(&wish->progress, !failed);
	if (failed)
		return cli_fail(cli, path, &err);
	cli_warn_lost(cli, result.lost);
	if (cli->json || !cli->quiet)
		show(cli, wish->dry_run, &result);
	return wish->dry_run && result.rewritten ? 1 : SAVETOOL_OK;
}

/* NULL: the options agree. */
static const char *contradiction(const struct cli *cli, const struct wish *wish)
{
	for (size_t i = 0; i < cli->count; i++)
		if (strcmp(cli->operands[i], "-") == 0)
			return "a pipe cannot be compacted; use a file";
	if (wish->dry_run && cli->count > 1)
		return "--dry-run writes no DEST";
	if (wish->force && cli->count == 1)
		return "--force is about DEST, and there is none";
	return NULL;
}

static int run(struct cli *cli)
{
	struct wish wish = { .progress = PROGRESS_INIT };
	const struct option table[] = {
		{ 'n', "dry-run", NULL, take_flag, &wish.dry_run,
		  "only say how large it would be; 1 if rewritten" },
		{ 'f', "force", NULL, take_flag, &wish.force,
		  "replace DEST if it exists" },
		{ '\0', "verify", NULL, take_flag, &wish.verify,
		  "read DEST back and compare it with IMAGE" },
		{ 'L', "level", "N", take_signed, &wish.level,
		  "compress at level N" },
		{ 'T', "threads", "N", take_number, &wish.threads,
		  "compress with N threads, 0: all processors" },
		OPTION_BYTE_ORDER(&wish.byte_order),
		OPTION_DIRECT(&wish.direct),
		OPTIONS_PROGRESS(&wish.progress),
		OPTION_END,
	};

	const char *problem;

	if (!cli_parse(cli, table))
		return cli->status;
	problem = contradiction(cli, &wish);
	if (problem)
		return cli_misuse(cli, "%s", problem);
	return compact(cli, &wish);
}

const struct command command_compact = {
	.name = "compact",
	.operands = "IMAGE [DEST]",
	.summary = "rewrite an image in the least bytes of its format",
	.least = 1,
	.most = 2,
	.writes = true,
	.run = run,
};
