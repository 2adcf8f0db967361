/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command check: what is wrong with an image, and repairing it. */
#include "config.h"

#include "confine.h"
#include "finding.h"
#include "hint.h"
#include "images.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

struct job {
	struct images images;
	struct savetool_open_options open;
	bool deep, repair, dry_run;
	char *against;
	struct savetool_machines *machines; /* that QEMU's; or NULL */
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
			 const struct savetool_repaired *repair)
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
		    job->dry_run ? "would be repaired" : "repaired", line);
}

static bool is_repaired(const struct savetool_check *check,
			const struct savetool_finding *finding)
{
	for (size_t i = 0; i < check->repaired_count; i++)
		if (strcmp(check->repaired[i].code, finding->code) == 0)
			return true;
	return false;
}

/* For those who wanted a repair, or to know more. */
static void print_hints(const struct job *job, const char *path,
			const struct savetool_check *check)
{
	bool verbose = job->images.cli->verbose;

	for (size_t i = 0; i < check->finding_count; i++) {
		const struct savetool_finding *finding = &check->findings[i];

		if (finding_has_hint(check->findings, i) &&
		    !is_repaired(check, finding) &&
		    (verbose ||
		     (job->repair && finding->severity != SAVETOOL_NOTE)))
			report_line(job->images.report, "%s: hint: %s (%s)",
				    path, hint_words(finding->hint),
				    finding->code);
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
		report_line(report, "%s: %s", path,
			    is_found(check, "not-checked") ?
				    "no problem as far as read" :
				    "clean");
		return;
	}
	if (repairable == problems)
		snprintf(fixes, sizeof(fixes), ", all fixable with --repair");
	else if (repairable > 0)
		snprintf(fixes, sizeof(fixes),
			 ", %zu of them fixable with --repair", repairable);
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
		print_hints(job, path, check);
	}
	print_verdict(job->images.report, path, check);
}

static void put_repair(struct report *report,
		       const struct savetool_repaired *repair)
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

	if (!clean || !is_found(check, "not-checked"))
		report_flag(report, "clean", NULL, clean);
	if (check->complete_known)
		report_flag(report, "complete", NULL, check->complete);
	report_table(report, "findings", NULL, "");
	for (size_t i = 0; i < check->finding_count; i++)
		finding_put(report, &check->findings[i]);
	report_close(report);
	report_table(report, job->dry_run ? "would-repair" : "repaired", NULL,
		     "");
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
	images_report(&job->images, path);
	if (check && report_is_text(job->images.report))
		print(job, path, check);
	else if (check)
		put(job, check, !err && check->problem_count == 0);
	if (err && is_reported(check, err)) {
		report_error(job->images.report, err, hint_words(err->hint));
		err = NULL;
	}
	images_commit(&job->images, path, err);
}

/* A dry run that would repair all problems is status 1, whatever broke. */
static int status_of(const struct job *job, const struct savetool_check *check,
		     const struct savetool_error *err)
{
	bool repairable = job->dry_run && check && check->repaired_count > 0 &&
			  check->repairable_count == check->problem_count;

	if (err && !(repairable && is_reported(check, err)))
		return (int)err->code;
	return repairable || check->problem_count > 0 ? 1 : SAVETOOL_OK;
}

/* Shows what was found, and why there is no more; check is freed. */
static int finish(struct job *job, const char *path,
		  struct savetool_check *check,
		  const struct savetool_error *failure)
{
	int status = failure && failure->code == SAVETOOL_CANCELLED ?
			     SAVETOOL_CANCELLED :
			     status_of(job, check, failure);

	if (status != SAVETOOL_CANCELLED)
		show(job, path, check, failure);
	savetool_check_free(check);
	return status;
}

static int check_image(struct images *images, struct savetool_image *image,
		       const char *path, const struct savetool_monitor *monitor)
{
	struct job *job = (struct job *)images;
	const struct savetool_check_options options = {
		.size = sizeof(options),
		.deep = job->deep,
		.machines = job->machines,
	};
	struct savetool_check *check;
	struct savetool_error err;
	int failed = savetool_check(&check, image, &options, monitor, &err);

	progress_end(&images->progress, !failed);
	return finish(job, path, check, failed ? &err : NULL);
}

static int unopened(struct images *images, const char *path,
		    const struct savetool_error *err)
{
	return finish((struct job *)images, path, savetool_check_unopened(err),
		      err);
}

static const struct images_task check = {
	.one = check_image,
	.unopened = unopened,
};

static int repair(struct images *images, const char *path)
{
	struct job *job = (struct job *)images;
	const struct savetool_repair_options options = {
		.size = sizeof(options),
		.deep = job->deep,
		.dry_run = job->dry_run,
		.machines = job->machines,
	};
	const struct savetool_monitor *monitor = images_begin(images, path);
	struct savetool_check *found;
	struct savetool_error err;
	int failed = savetool_repair(&found, path, &job->open, &options,
				     monitor, &err);

	progress_end(&images->progress, !failed);
	return finish(job, path, found, failed ? &err : NULL);
}

static int is_stopped(void *data)
{
	(void)data;
	return signals_caught() != 0;
}

/* Before the process is confined: QEMU needs files of its own. */
static int ask(struct job *job)
{
	const struct savetool_monitor monitor = { .stopped = is_stopped };
	struct savetool_error err;

	if (!job->against ||
	    savetool_machines_list(&job->machines, job->against, &monitor,
				   &err) == 0)
		return SAVETOOL_OK;
	return cli_fail(job->images.cli, job->against, &err);
}

static int run_job(struct job *job)
{
	const struct cli *cli = job->images.cli;
	int status;

	if (job->dry_run && !job->repair)
		return cli_misuse(cli, "'--dry-run' needs '--repair'");
	for (size_t i = 0; job->repair && i < cli->count; i++)
		if (savetool_is_uri(cli->operands[i]))
			return cli_misuse(cli, "'--repair' needs a file, and "
					       "cannot change an NBD export");
	status = ask(job);
	if (status != SAVETOOL_OK)
		return status;
	/* A repair also opens images for writing. */
	if (job->repair && !job->dry_run)
		confine_to_changing(cli->operands, cli->count);
	else
		confine_to_reading(cli->operands, cli->count);
	if (job->repair)
		return images_each(&job->images, repair, NULL);
	return images_read(&job->images, &check, &job->open, NULL);
}

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.open = { .size = sizeof(job.open) },
	};
	const struct option table[] = {
		{ '\0', "deep", NULL, take_flag, &job.deep,
		  "decompress the image and read every page" },
		{ '\0', "repair", NULL, take_flag, &job.repair,
		  "repair the image in place, if possible" },
		{ 'n', "dry-run", NULL, take_flag, &job.dry_run,
		  "only show what --repair would do" },
		{ '\0', "against", "QEMU-BINARY", take_text, &job.against,
		  "ask this QEMU whether it has the machine type" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};
	int status = cli_parse(cli, table) ? run_job(&job) : cli->status;

	savetool_machines_free(job.machines);
	free(job.against);
	return status;
}

const struct command command_check = {
	.name = "check",
	.operands = "IMAGE...",
	.summary = "verify the structure of an image, and repair it",
	.least = 1,
	.most = SIZE_MAX,
	.writes = true,
	.run = run,
};
