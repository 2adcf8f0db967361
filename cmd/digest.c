/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command digest: a digest of the guest's state, printed or checked. */
#include "config.h"

#include "confine.h"
#include "digest_list.h"
#include "images.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_DIFFERS 1

struct job {
	struct images images;
	struct savetool_open_options open;
	char *check;             /* a file of digests; NULL: print them */
	struct digest_list list; /* what it says of the image of that index */
	uint64_t different, unread;
};

static void show_blocks(struct report *report,
			const struct savetool_block_digests *blocks)
{
	char text[SAVETOOL_BLOCK_DIGEST_TEXT];

	if (report_is_text(report))
		return;
	report_table(report, "blocks", NULL, "");
	for (size_t i = 0; i < blocks->count; i++) {
		savetool_block_digest_text(&blocks->list[i], text);
		report_row(report);
		report_text(report, "name", NULL, blocks->list[i].name);
		report_number(report, "length", NULL, blocks->list[i].length);
		report_text(report, "digest", NULL, text);
	}
	report_close(report);
}

/* The first half of the digits is for memory, the second for the devices. */
static void show(struct report *report, const char *text,
		 const struct savetool_block_digests *blocks)
{
	char half[SAVETOOL_DIGEST_TEXT / 2 + 1] = "";

	memcpy(half, text, SAVETOOL_DIGEST_TEXT / 2);
	report_text(report, "digest", NULL, text);
	report_text(report, "memory", NULL, half);
	report_text(report, "devices", NULL, text + SAVETOOL_DIGEST_TEXT / 2);
	show_blocks(report, blocks);
}

/* Returns the exit status. */
static int show_check(struct job *job, const char *path, const char *text)
{
	struct report *report = job->images.report;
	const char *expected = job->list.digests[job->images.part];
	bool same = strcmp(text, expected) == 0;

	report_text(report, "expected", NULL, expected);
	report_flag(report, "same", NULL, same);
	if (!same || !job->images.cli->quiet)
		report_line(report, "%s: %s", path, same ? "OK" : "FAILED");
	job->different += !same;
	return same ? SAVETOOL_OK : STATUS_DIFFERS;
}

static int fail_image(struct images *images, const char *path,
		      const struct savetool_error *err)
{
	struct job *job = (struct job *)images;

	job->unread++;
	if (!job->check || err->code == SAVETOOL_CANCELLED)
		return images_fail(images, path, err);
	images_report(images, path);
	report_line(images->report, "%s: FAILED open or read", path);
	images_commit(images, path, err);
	return (int)err->code;
}

static int digest(struct images *images, struct savetool_image *image,
		  const char *path, const struct savetool_monitor *monitor)
{
	struct job *job = (struct job *)images;
	struct savetool_block_digests *blocks;
	char text[SAVETOOL_DIGEST_TEXT];
	struct savetool_digest result;
	struct savetool_error err;
	int status = SAVETOOL_OK;
	int failed = savetool_image_digest_blocks(image, monitor, &result,
						  &blocks, &err);

	progress_end(&images->progress, !failed);
	if (failed)
		return fail_image(images, path, &err);
	savetool_digest_text(&result, text);
	images_report(images, path);
	show(images->report, text, blocks);
	savetool_block_digests_free(blocks);
	if (job->check)
		status = show_check(job, path, text);
	else
		report_line(images->report, "%s  %s", text, path);
	images_commit(images, path, NULL);
	return status;
}

static const struct images_task task = { .one = digest,
					 .unopened = fail_image };

static void warn(struct images *images)
{
	const struct job *job = (const struct job *)images;
	const struct cli *cli = images->cli;

	if (job->list.malformed > 0)
		cli_warn(cli, job->check,
			 "lines without a digest and a name: %" PRIu64,
			 job->list.malformed);
	if (job->unread > 0)
		cli_warn(cli, job->check,
			 "images that could not be read: %" PRIu64,
			 job->unread);
	if (job->different > 0)
		cli_warn(cli, job->check, "digests that differ: %" PRIu64,
			 job->different);
}

/* The images are those that the list names. */
static int check(struct job *job)
{
	struct cli *cli = job->images.cli;
	struct savetool_error err;

	if (cli->count > 0)
		return cli_misuse(cli, "'--check' takes no IMAGE");
	if (digest_list_read(&job->list, job->check, &err) < 0)
		return cli_fail(cli, NULL, &err);
	if (job->list.count == 0)
		return cli_misuse(cli, "'%s' has no line with a digest",
				  job->check);
	cli->operands = job->list.names;
	cli->count = job->list.count;
	connections_open(&cli->connections, cli->operands, cli->count);
	confine_to_reading(cli->operands, cli->count);
	return images_read(&job->images, &task, &job->open, warn);
}

static int run(struct cli *cli)
{
	struct job job = {
		.images = IMAGES_INIT(cli),
		.open = { .size = sizeof(job.open) },
	};
	const struct option table[] = {
		{ '\0', "check", "FILE", take_text, &job.check,
		  "check the digests that FILE lists" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.images.progress),
		OPTION_END,
	};
	int status;

	if (!cli_parse(cli, table)) {
		status = cli->status;
	} else if (job.check) {
		status = check(&job);
	} else if (cli->count == 0) {
		status = cli_misuse(cli, "missing operand: 'IMAGE'");
	} else {
		confine_to_reading(cli->operands, cli->count);
		status = images_read(&job.images, &task, &job.open, NULL);
	}
	digest_list_release(&job.list);
	free(job.check);
	return status;
}

const struct command command_digest = {
	.name = "digest",
	.operands = "IMAGE...",
	.summary = "print a format-independent digest of the guest state",
	.least = 0,
	.most = SIZE_MAX,
	.run = run,
};
