/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Works on images, one after another. */
#include "config.h"

#include "images.h"

#include "hint.h"
#include "signals.h"
#include "stdout.h"

#include <string.h>

int images_each(struct images *images, image_task one,
		void (*afterwards)(struct images *images))
{
	const struct cli *cli = images->cli;
	int status = SAVETOOL_OK;

	images->report = report_new(stdout, cli->json, cli->count > 1);
	for (size_t i = 0; i < cli->count && status != SAVETOOL_CANCELLED;
	     i++) {
		images->part = i;
		if (signals_caught())
			status = SAVETOOL_CANCELLED;
		else
			status = cli_worse(status,
					   one(images, cli->operands[i]));
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

const struct savetool_monitor *images_begin(struct images *images,
					    const char *path)
{
	return progress_begin(&images->progress, path, images->part,
			      images->cli->count);
}

int images_open(struct images *images, struct savetool_image **image,
		const char *path, const struct savetool_open_options *open,
		const struct savetool_monitor **monitor,
		struct savetool_error *err)
{
	*monitor = images_begin(images, path);
	if (cli_open(images->cli, image, path, open, *monitor, err) == 0)
		return 0;
	progress_end(&images->progress, false);
	return -1;
}

int images_fail(struct images *images, const char *path,
		const struct savetool_error *err)
{
	if (err->code == SAVETOOL_CANCELLED)
		return SAVETOOL_CANCELLED;
	report_open(images->report, path);
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
