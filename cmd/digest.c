/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command digest: a digest of the guest's state. */
#include "config.h"

#include "confine.h"
#include "images.h"

#include <string.h>

struct job {
	struct images images;
	struct savetool_open_options open;
};

/* The first half of the digits is for memory, the second for the devices. */
static void show(struct report *report, const char *path,
		 const struct savetool_digest *digest)
{
	char text[SAVETOOL_DIGEST_TEXT];
	char half[SAVETOOL_DIGEST_TEXT / 2 + 1] = "";

	savetool_digest_text(digest, text);
	memcpy(half, text, SAVETOOL_DIGEST_TEXT / 2);
	report_text(report, "digest", NULL, text);
	report_text(report, "memory", NULL, half);
	report_text(report, "devices", NULL, text + SAVETOOL_DIGEST_TEXT / 2);
	report_line(report, "%s  %s", text, path);
}

static int digest(struct images *images, struct savetool_image *image,
		  const char *path, const struct savetool_monitor *monitor)
{
	struct savetool_digest result;
	struct savetool_error err;
	int failed = savetool_image_digest(image, monitor, &result, &err);

	progress_end(&images->progress, !failed);
	if (failed)
		return images_fail(images, path, &err);
	images_report(images, path);
	show(images->report, path, &result);
	images_commit(images, path, NULL);
	return SAVETOOL_OK;
}

static const struct images_task task = { .one = digest };

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.open = { .size = sizeof(job.open) },
	};
	const struct option table[] = {
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};

	if (!cli_parse(cli, table))
		return cli->status;
	confine_to_reading(cli->operands, cli->count);
	return images_read(&job.images, &task, &job.open, NULL);
}

const struct command command_digest = {
	.name = "digest",
	.operands = "IMAGE...",
	.summary = "print a format-independent digest of the guest state",
	.least = 1,
	.most = SIZE_MAX,
	.run = run,
};
