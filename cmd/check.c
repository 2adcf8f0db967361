/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command check: what is wrong with an image, and repairing it. */
#include "config.h"

#include "confine.h"
#include "finding.h"
#include "images.h"

#include <string.h>

struct job {
	struct images images;
	struct savetool_check_options options;
};

static void print_finding(struct report *report, const char *path,
			  const struct savetool_finding *finding)
{
	char line[FINDING_LINE];

	finding_line(line, finding);
	report_line(report, "%s: %s: %s", path,
		    finding_severity(finding->severity), line);
}

static void print_repair(const struct job *job, const char *path,
			 const struct savetool_repair *repair)
{
	const struct savetool_finding repaired = {
		.code = repair->code,
		.message = repair->message,
		.offset = repair->offset,
		.length = repair->length,
	};
	char line[FINDING_LINE];

	finding_line(line, &repaired);
	report_line(job->images.report, "%s: %s: %s", path,
		    job->options.dry_run ? "would be repaired" : "repaired",
		    line);
}

/* If several findings have the same hint, only the first one shows it. */
static bool is_first(const struct savetool_check *check, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(check->findings[i].code,
			   check->findings[index].code) == 0)
			return false;
	return true;
}

static bool is_repaired(const struct savetool_check *check,
			const struct savetool_finding *finding)
{
	for (size_t i = 0; i < check->repaired_count; i++)
		if (strcmp(check->repaired[i].code, finding->code) == 0)
			return true;
	return false;
}

/* What to do next, for a user who wanted a repair or more detail. */
static void print_remedies(const struct job *job, const char *path,
			   const struct savetool_check *check)
{
	bool verbose = job->images.cli->verbose;

	for (size_t i = 0; i < check->finding_count; i++) {
		const struct savetool_finding *finding = &check->findings[i];

		if (finding->hint && is_first(check, i) &&
		    !is_repaired(check, finding) &&
		    (verbose || (job->options.repair &&
				 finding->severity != SAVETOOL_NOTE)))
			report_line(job->images.report,
				    "%s: what helps: %s (%s)", path,
				    finding->hint, finding->code);
	}
}

/* Its own line may have been left out, but the verdict must mention it. */
static bool is_found(const struct savetool_check *check, const char *code)
{
	for (size_t i = 0; i < check->finding_count; i++)
		if (strcmp(check->findings[i].code, code) == 0)
			return true;
	return false;
}

static void print_verdict(struct report *report, const char *path,
			  const struct savetool_check *check)
{
	size_t problems = check->problem_count;
	size_t repairable = check->repairable_count;
	char fixes[64] = "";

	if (problems == 0) {
		report_line(report, "%s: clean%s", path,
			    is_found(check, "not-checked") ?
				    ", as far as it was read" :
				    "");
		return;
	}
	if (repairable == problems)
		snprintf(fixes, sizeof(fixes), ", which --repair mends");
	else if (repairable > 0)
		snprintf(fixes, sizeof(fixes), ", %zu of which --repair mends",
			 repairable);
	report_line(report, "%s: %zu problem%s%s", path, problems,
		    problems == 1 ? "" : "s", fixes);
}

static void print(const struct job *job, const char *path,
		  const struct savetool_check *check)
{
	if (!job->images.cli->quiet) {
		for (size_t i = 0; i < check->finding_count; i++)
			print_finding(job->images.report, path,
				      &check->findings[i]);
		for (size_t i = 0; i < check->repaired_count; i++)
			print_repair(job, path, &check->repaired[i]);
		print_remedies(job, path, check);
	}
	print_verdict(job->images.report, path, check);
}

static void put_repair(struct report *report,
		       const struct savetool_repair *repair)
{
	report_row(report);
	report_text(report, "code", NULL, repair->code);
	report_text(report, "message", NULL, repair->message);
	report_number(report, "offset", NULL, repair->offset);
	report_number(report, "length", NULL, repair->length);
}

static void put(const struct job *job, const struct savetool_check *check,
		bool clean)
{
	struct report *report = job->images.report;

	report_flag(report, "clean", NULL, clean);
	if (check->complete_known)
		report_flag(report, "complete", NULL, check->complete);
	report_table(report, "findings", NULL, "");
	for (size_t i = 0; i < check->finding_count; i++)
		finding_put(report, &check->findings[i]);
	report_close(report);
	report_table(report, job->options.dry_run ? "would-repair" : "repaired",
		     NULL, "");
	for (size_t i = 0; i < check->repaired_count; i++)
		put_repair(report, &check->repaired[i]);
	report_close(report);
}

/* An error that a finding already reports is not printed again. */
static bool is_reported(const struct savetool_check *check,
			const struct savetool_error *err)
{
	return check && (err->code == SAVETOOL_INCOMPLETE ||
			 err->code == SAVETOOL_CORRUPT ||
			 err->code == SAVETOOL_UNSUPPORTED);
}

static void show(struct job *job, const char *path,
		 const struct savetool_check *check,
		 const struct savetool_error *err)
{
	report_open(job->images.report, path);
	if (check && report_is_text(job->images.report))
		print(job, path, check);
	else if (check)
		put(job, check, !err && check->problem_count == 0);
	if (err && is_reported(check, err)) {
		report_error(job->images.report, err, NULL);
		err = NULL;
	}
	images_commit(&job->images, path, err);
}

/* A dry run that would repair all problems is status 1, whatever broke. */
static int status_of(const struct job *job, const struct savetool_check *check,
		     const struct savetool_error *err)
{
	bool repairable = job->options.dry_run && check &&
			  check->repaired_count > 0 &&
			  check->repairable_count == check->problem_count;

	if (err && !(repairable && is_reported(check, err)))
		return (int)err->code;
	return repairable || check->problem_count > 0 ? 1 : SAVETOOL_OK;
}

static int check(struct images *images, const char *path)
{
	struct job *job = (struct job *)images;
	const struct savetool_monitor *monitor = images_begin(images, path);
	const struct savetool_error *failure;
	struct savetool_check *check;
	struct savetool_error err;
	int status;

	failure =
		savetool_check(&check, path, &job->options, monitor, &err) < 0 ?
			&err :
			NULL;
	progress_end(&images->progress, !failure);
	status = failure && err.code == SAVETOOL_CANCELLED ?
			 SAVETOOL_CANCELLED :
			 status_of(job, check, failure);
	if (status != SAVETOOL_CANCELLED)
		show(job, path, check, failure);
	savetool_check_free(check);
	return status;
}

/* A repair also opens images for writing. */
static void confine(const struct cli *cli,
		    const struct savetool_check_options *options)
{
	struct confine confine;

	confine_begin(&confine);
	confine_read_all(&confine, cli->operands, cli->count);
	for (size_t i = 0; i < cli->count; i++)
		if (options->repair && !options->dry_run)
			confine_write(&confine, cli->operands[i]);
	confine_end(&confine);
}

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.options = { .size = sizeof(job.options) },
	};
	struct savetool_check_options *options = &job.options;
	const struct option table[] = {
		{ '\0', "deep", NULL, take_flag, &options->deep,
		  "unpack all, and read every page" },
		{ '\0', "repair", NULL, take_flag, &options->repair,
		  "mend what can be mended, in place" },
		{ 'n', "dry-run", NULL, take_flag, &options->dry_run,
		  "only say what --repair would do" },
		{ '\0', "offset", "N", take_size, &options->offset,
		  "the bare stream starts at byte N" },
		OPTION_BYTE_ORDER(&options->byte_order),
		OPTION_DIRECT(&options->direct),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};

	if (!cli_parse(cli, table))
		return cli->status;
	if (options->dry_run && !options->repair)
		return cli_misuse(cli, "'--dry-run' needs '--repair'");
	confine(cli, options);
	return images_each(&job.images, check, NULL);
}

const struct command command_check = {
	.name = "check",
	.operands = "IMAGE...",
	.summary = "prove an image's structure, and mend it",
	.least = 1,
	.most = SIZE_MAX,
	.writes = true,
	.run = run,
};
