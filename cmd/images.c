/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Works on images, one after another. */
#include "config.h"

#include "images.h"

#include "base/cleanup.h"
#include "hint.h"
#include "memory.h"
#include "signals.h"
#include "stdout.h"

#include <stdio.h>
#include <string.h>

static int each(struct images *images,
		int (*work)(struct images *images, const char *path,
			    void *data),
		void *data, void (*afterwards)(struct images *images))
{
	const struct cli *cli = images->cli;
	int status = SAVETOOL_OK;

	images->several = cli->count > 1;
	images->report = report_new(stdout, cli->json, images->several);
	for (size_t i = 0; i < cli->count && status != SAVETOOL_CANCELLED;
	     i++) {
		images->part = i;
		if (signals_caught())
			status = SAVETOOL_CANCELLED;
		else
			status = cli_worse(
				status, work(images, cli->operands[i], data));
	}
	if (status != SAVETOOL_CANCELLED) {
		if (afterwards)
			afterwards(images);
		report_finish(images->report);
		stdout_flush();
	}
	report_free(images->report);
	images->report = NULL;
	return status;
}

static int work_on_path(struct images *images, const char *path, void *data)
{
	const image_task *one = data;

	return (*one)(images, path);
}

int images_each(struct images *images, image_task one,
		void (*afterwards)(struct images *images))
{
	return each(images, work_on_path, &one, afterwards);
}

struct reading {
	const struct images_task *task;
	const struct savetool_open_options *open;
};

static int unopened(struct images *images, const struct reading *reading,
		    const char *name, const struct savetool_error *err)
{
	progress_end(&images->progress, false);
	if (err->code == SAVETOOL_CANCELLED)
		return SAVETOOL_CANCELLED;
	if (reading->task->unopened)
		return reading->task->unopened(images, name, err);
	return images_fail(images, name, err);
}

/* "ARCHIVE::MEMBER"; NULL: the operand is its name. */
static char *name_member(const char *path, const char *member)
{
	char *name;

	if (!member)
		return NULL;
	if (asprintf(&name, "%s::%s", path, member) < 0)
		name = NULL;
	return must(name);
}

/* 1: there may be more; 0: that was the last one. */
static int read_next(struct images *images, struct savetool_images *all,
		     const struct reading *reading, const char *path,
		     int *status)
{
	const struct savetool_monitor *monitor = images_begin(images, path);
	bool many = savetool_images_in_archive(all);
	cleanup_free char *name = NULL, *file = NULL;
	struct savetool_image *image;
	struct savetool_error err;
	const char *member;
	int more = savetool_images_next(all, &image, &member, &err);

	if (more == 0) {
		progress_end(&images->progress, true);
		return 0;
	}
	if (more > 0)
		member = savetool_image_member(image);
	name = name_member(path, many ? member : NULL);
	file = member && !many ? savetool_file_of(path) : NULL;
	images->member = member;
	images->path = file ? file : path;
	if (more < 0) {
		*status = unopened(images, reading, name ? name : path, &err);
		return many && member;
	}
	images->progress.subject = name ? name : path;
	*status =
		reading->task->one(images, image, name ? name : path, monitor);
	savetool_image_close(image);
	return many;
}

static int read_all(struct images *images, const char *path, void *data)
{
	const struct reading *reading = data;
	struct savetool_open_options options = *reading->open;
	const struct savetool_monitor *monitor = images_begin(images, path);
	struct savetool_images *all;
	struct savetool_error err;
	int worst = SAVETOOL_OK, status, more;

	images->path = images->member = NULL;
	if (connections_find(&options.connection, &images->cli->connections,
			     path, &err) < 0 ||
	    savetool_images_open(&all, path, &options, monitor, &err) < 0)
		return unopened(images, reading, path, &err);
	if (savetool_images_in_archive(all)) {
		images->several = true;
		report_several(images->report);
	}
	do {
		status = SAVETOOL_OK;
		more = read_next(images, all, reading, path, &status);
		worst = cli_worse(worst, status);
		images->path = images->member = NULL;
		if (signals_caught() || status == SAVETOOL_CANCELLED)
			break;
	} while (more > 0);
	savetool_images_close(all);
	return signals_caught() ? SAVETOOL_CANCELLED : worst;
}

int images_read(struct images *images, const struct images_task *task,
		const struct savetool_open_options *open,
		void (*afterwards)(struct images *images))
{
	struct reading reading = { task, open };

	return each(images, read_all, &reading, afterwards);
}

const struct savetool_monitor *images_begin(struct images *images,
					    const char *path)
{
	return progress_begin(&images->progress, path, images->part,
			      images->cli->count);
}

void images_report(struct images *images, const char *name)
{
	report_open(images->report, images->path ? images->path : name);
	report_text(images->report, "member", NULL, images->member);
}

int images_fail(struct images *images, const char *path,
		const struct savetool_error *err)
{
	if (err->code == SAVETOOL_CANCELLED)
		return SAVETOOL_CANCELLED;
	images_report(images, path);
	images_commit(images, path, err);
	return (int)err->code;
}

void images_commit(struct images *images, const char *path,
		   const struct savetool_error *err)
{
	if (err)
		report_error(images->report, err, hint_words(err->hint));
	report_commit(images->report);
	/* The next image may take minutes. */
	stdout_flush();
	if (err)
		cli_complain(path, err);
}

const char *images_copy_problem(const struct cli *cli, const char *copy,
				bool force, bool dry_run)
{
	for (size_t i = 0; i < cli->count; i++)
		if (strcmp(cli->operands[i], "-") == 0)
			return "IMAGE cannot be a pipe; use a file";
	for (size_t i = 0; i < cli->count; i++)
		if (savetool_is_uri(cli->operands[i]))
			return "IMAGE cannot be an NBD export; use a file";
	if (force && !copy)
		return "'--force' needs '--copy'";
	if (copy && cli->count > 1)
		return "'--copy' takes only one IMAGE";
	if (copy && dry_run)
		return "'--dry-run' and '--copy' cannot be combined";
	if (copy && strcmp(copy, "-") == 0)
		return "DEST cannot be a pipe; use a file";
	if (copy && savetool_is_uri(copy))
		return "DEST cannot be an NBD export; use a file";
	return NULL;
}
