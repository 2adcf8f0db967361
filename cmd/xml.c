/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command xml: prints the domain XML of an image, or changes it. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "editor.h"
#include "progress.h"
#include "report.h"
#include "stdout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
	struct cli *cli;
	const char *path;
	struct savetool_open_options open;
	struct savetool_xml_options options;
	struct progress progress;
	bool edit, running, paused;
	char *set;   /* a file, or NULL */
	char *xml;   /* the new one, or NULL */
	char *shown; /* what the editor was given, or NULL */
};

static bool changes(const struct job *job)
{
	return job->set || job->edit || job->running || job->paused;
}

/* Options that contradict each other, or what they are for. */
static const char *contradiction(const struct job *job)
{
	if (job->set && job->edit)
		return "'--set' and '--edit' cannot be combined";
	if (job->running && job->paused)
		return "'--running' and '--paused' cannot be combined";
	if (job->options.allow_mismatch && !job->set && !job->edit)
		return "'--allow-mismatch' needs '--set' or '--edit'";
	if (job->options.dry_run && !changes(job))
		return "'--dry-run' needs '--set', '--edit', '--running' or "
		       "'--paused'";
	if (changes(job) && strcmp(job->path, "-") == 0)
		return "IMAGE cannot be a pipe; use a file";
	return NULL;
}

static void print(const struct job *job, const char *xml)
{
	struct report *report;

	if (!job->cli->json) {
		fputs(xml, stdout);
		return;
	}
	report = report_new(stdout, true, false);
	report_open(report, job->path);
	report_document(report, "xml", xml);
	report_commit(report);
	report_free(report);
}

/* Prints it on standard output, or writes it to the file of an editor. */
static int show_xml(struct job *job, FILE *file)
{
	const struct savetool_monitor *monitor;
	struct savetool_image *image;
	struct savetool_error err;
	const char *xml;
	int failed;

	confine_to_reading(&job->path, 1);
	monitor = progress_begin(&job->progress, job->path, 0, 1);
	failed = cli_open(job->cli, &image, job->path, &job->open, monitor,
			  &err);
	if (!failed) {
		failed = savetool_image_xml(image, &xml, &err);
		if (!failed && file)
			fputs(xml, file);
		else if (!failed)
			print(job, xml);
		savetool_image_close(image);
	}
	progress_end(&job->progress, !failed);
	return failed ? cli_fail(job->cli, job->path, &err) : SAVETOOL_OK;
}

/*
 * In a process of its own, which is confined: this one has to start the editor,
 * and so must not have read the image.
 */
static int export(struct job *job, const struct editor *editor)
{
	int status = 0, result;
	pid_t child;
	FILE *file;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		file = fdopen(editor->fd, "w");
		result = file ? show_xml(job, file) : SAVETOOL_SYSTEM;
		if (file && fflush(file) != 0)
			result = SAVETOOL_SYSTEM;
		stdout_flush();
		_exit(result);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		;
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) :
						SAVETOOL_SYSTEM;
}

static int edit(struct job *job, struct savetool_error *err)
{
	struct editor editor;
	int status, failed = editor_begin(&editor, err);

	if (failed < 0)
		return cli_fail(job->cli, job->path, err);
	status = export(job, &editor);
	if (status == SAVETOOL_OK) {
		failed = text_read(&job->shown, editor.path, err) < 0 ||
			 editor_run(&editor, err) < 0 ||
			 text_read(&job->xml, editor.path, err) < 0;
		if (failed)
			status = cli_fail(job->cli, job->path, err);
	}
	editor_end(&editor);
	return status;
}

static const char *way_name(enum savetool_xml_way way)
{
	static const char *const names[] = {
		[SAVETOOL_XML_UNCHANGED] = "unchanged",
		[SAVETOOL_XML_IN_PLACE] = "in-place",
		[SAVETOOL_XML_CLONED] = "cloned",
		[SAVETOOL_XML_REWRITTEN] = "rewritten",
	};

	return names[way];
}

static const char *way_text(enum savetool_xml_way way, bool dry_run)
{
	switch (way) {
	case SAVETOOL_XML_IN_PLACE:
		return dry_run ? "would be changed in place" :
				 "changed in place";
	case SAVETOOL_XML_CLONED:
		return dry_run ? "would be replaced by a clone" :
				 "replaced by a clone";
	case SAVETOOL_XML_REWRITTEN:
		return dry_run ? "would be rewritten" : "rewritten";
	default:
		return "unchanged";
	}
}

static void report_change(const struct job *job,
			  const struct savetool_xml_result *result)
{
	struct report *report = report_new(stdout, job->cli->json, false);
	bool dry_run = job->options.dry_run;

	report_open(report, job->path);
	report_text(report, "change", NULL, way_name(result->way));
	report_flag(report, "dry-run", NULL, dry_run);
	report_flag(report, "was-running", NULL, result->was_running);
	report_number(report, "xml-length", NULL, result->xml_length);
	report_number(report, "data-length-before", NULL, result->data_before);
	report_number(report, "data-length", NULL, result->data_length);
	report_flag(report, "linked", NULL, result->linked);
	if (result->mismatch[0])
		report_text(report, "mismatch", NULL, result->mismatch);
	report_line(report, "%s: %s, XML of %u bytes, restores %s", job->path,
		    way_text(result->way, dry_run), result->xml_length,
		    result->was_running ? "running" : "paused");
	report_commit(report);
	report_free(report);
}

static int change(struct job *job)
{
	const struct savetool_monitor *monitor;
	struct savetool_xml_result result;
	struct savetool_error err;
	int failed;

	job->options.xml = job->xml;
	job->options.expected = job->shown;
	if (job->running || job->paused)
		job->options.state = job->running ? SAVETOOL_STATE_RUNNING :
						    SAVETOOL_STATE_PAUSED;
	/* A dry run tries in the image's folder if a file can be cloned. */
	confine_to_changing(&job->path, 1);
	monitor = progress_begin(&job->progress, job->path, 0, 1);
	failed = savetool_xml_change(job->path, &job->open, &job->options,
				     monitor, &result, &err);
	progress_end(&job->progress, !failed);
	if (failed)
		return cli_fail(job->cli, job->path, &err);
	if (result.mismatch[0])
		cli_warn(job->cli, job->path, "%s", result.mismatch);
	if (job->cli->json || !job->cli->quiet)
		report_change(job, &result);
	return job->options.dry_run && result.way != SAVETOOL_XML_UNCHANGED ?
		       1 :
		       SAVETOOL_OK;
}

static int run_job(struct job *job)
{
	const char *problem = contradiction(job);
	struct savetool_error err;
	int status = SAVETOOL_OK;

	if (problem)
		return cli_misuse(job->cli, "%s", problem);
	if (!changes(job))
		return show_xml(job, NULL);
	if (savetool_is_uri(job->path))
		return cli_misuse(job->cli,
				  "an NBD export cannot be changed in place");
	if (job->set && text_read(&job->xml, job->set, &err) < 0)
		return cli_fail(job->cli, NULL, &err);
	if (job->edit)
		status = edit(job, &err);
	return status == SAVETOOL_OK ? change(job) : status;
}

static int run(struct cli *cli)
{
	struct job job = {
		.cli = cli,
		.open = { .size = sizeof(job.open) },
		.options = { .size = sizeof(job.options) },
		.progress = PROGRESS_INIT,
	};
	const struct option table[] = {
		{ '\0', "set", "FILE", take_text, &job.set,
		  "replace the domain XML by that in FILE" },
		{ '\0', "edit", NULL, take_flag, &job.edit,
		  "change the domain XML in an editor" },
		{ '\0', "running", NULL, take_flag, &job.running,
		  "the guest runs when it is restored" },
		{ '\0', "paused", NULL, take_flag, &job.paused,
		  "the guest is paused when it is restored" },
		{ '\0', "allow-mismatch", NULL, take_flag,
		  &job.options.allow_mismatch,
		  "write an XML that does not fit the image" },
		{ 'n', "dry-run", NULL, take_flag, &job.options.dry_run,
		  "only show what would be done; exit 1 if anything" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.progress),
		OPTION_END,
	};
	int status;

	if (cli_parse(cli, table)) {
		job.path = cli->operands[0];
		status = run_job(&job);
	} else {
		status = cli->status;
	}
	free(job.set);
	free(job.xml);
	free(job.shown);
	return status;
}

const struct command command_xml = {
	.name = "xml",
	.operands = "IMAGE",
	.summary = "show or change the domain XML of an image",
	.least = 1,
	.most = 1,
	.writes = true,
	.run = run,
};
