/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Works on images, one after another. */
#include "config.h"

#include "images.h"

#include "signals.h"
#include "stdout.h"

int images_each(struct images *images, image_task one,
		void (*behind)(struct images *images))
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
		if (behind)
			behind(images);
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

void images_commit(struct images *images, const char *path,
		   const struct savetool_error *err)
{
	if (err)
		report_error(images->report, err, NULL);
	report_commit(images->report);
	/* The next image may take minutes. */
	stdout_flush();
	if (err)
		cli_complain(path, err);
}
