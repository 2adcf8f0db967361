/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command inspect: what an image is. */
#include "config.h"

#include "confine.h"
#include "facts.h"
#include "images.h"

struct job {
	struct images images;
	struct facts_options facts;
	bool scan;
	struct savetool_open_options open;
};

static void show(struct job *job, const char *path,
		 const struct savetool_info *info,
		 const struct savetool_error *err)
{
	struct report *report = job->images.report;

	images_report(&job->images, path);
	if (info)
		facts_show(report, path, info, &job->facts);
	images_commit(&job->images, path, err);
}

static int inspect(struct images *images, struct savetool_image *image,
		   const char *path, const struct savetool_monitor *monitor)
{
	struct job *job = (struct job *)images;
	const struct savetool_info *info = NULL;
	struct savetool_error err;
	int failed =
		savetool_image_describe(image, job->scan, monitor, &info, &err);

	progress_end(&images->progress, !failed);
	/* A damaged image is shown as far as possible. */
	if (!failed || err.code != SAVETOOL_CANCELLED)
		show(job, path, info, failed ? &err : NULL);
	return failed ? (int)err.code : SAVETOOL_OK;
}

static const struct images_task task = { .one = inspect };

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.open = { .size = sizeof(job.open) },
	};
	const struct option table[] = {
		{ '\0', "scan", NULL, take_flag, &job.scan,
		  "read the whole image and count pages" },
		{ '\0', "xml", NULL, take_flag, &job.facts.xml,
		  "also show the domain XML" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};

	if (!cli_parse(cli, table))
		return cli->status;
	job.facts.headline = cli->quiet;
	job.facts.verbose = cli->verbose;
	confine_to_reading(cli->operands, cli->count);
	return images_read(&job.images, &task, &job.open, NULL);
}

const struct command command_inspect = {
	.name = "inspect",
	.operands = "IMAGE...",
	.summary = "describe an image",
	.least = 1,
	.most = SIZE_MAX,
	.run = run,
};
