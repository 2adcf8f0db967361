/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command map: what each byte of an image's file is used for. */
#include "config.h"

#include "base/cleanup.h"
#include "cli.h"
#include "confine.h"
#include "escape.h"
#include "memory.h"
#include "progress.h"
#include "signals.h"
#include "stdout.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

struct job {
	struct cli *cli;
	struct progress progress;
	bool scan;
	struct savetool_open_options open;
	bool begun; /* a line has been written */
};

static bool is_page(const struct savetool_extent *extent)
{
	return extent->page != SAVETOOL_UNKNOWN;
}

static const char *yes(bool value)
{
	return value ? "yes" : "no";
}

static void show_text(struct job *job, const struct savetool_extent *extent)
{
	if (!job->begun)
		printf("%14s %14s  %-9s  %-7s  %-6s  %s\n", "start", "length",
		       "type", "present", "stored", "what");
	printf("%14" PRIu64 " %14" PRIu64 "  %-9s  %-7s  %s", extent->start,
	       extent->length, savetool_extent_type_name(extent->type),
	       is_page(extent) ? yes(extent->present) : "-",
	       yes(extent->allocated));
	if (extent->block || extent->section) {
		printf("%*s", extent->allocated ? 5 : 6, "");
		escape_text(stdout,
			    extent->block ? extent->block : extent->section,
			    false);
	}
	if (is_page(extent))
		printf(" page %" PRIu64, extent->page);
	putchar('\n');
}

static void put_text(struct json_object *object, const char *key,
		     const char *text)
{
	cleanup_free char *valid = NULL;

	if (!text)
		return;
	valid = must(escape_utf8(text));
	json_object_object_add(object, key,
			       must(json_object_new_string(valid)));
}

static void put_number(struct json_object *object, const char *key,
		       uint64_t value)
{
	if (value != SAVETOOL_UNKNOWN)
		json_object_object_add(object, key,
				       must(json_object_new_uint64(value)));
}

static void put_flag(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key,
			       must(json_object_new_boolean(value)));
}

/* Writes one element of the array, on its own line; takes the object. */
static void write_element(struct job *job, struct json_object *object)
{
	fputs(job->begun ? ",\n" : "[", stdout);
	escape_json(stdout,
		    json_object_to_json_string_ext(
			    object, JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void show_json(struct job *job, const struct savetool_extent *extent)
{
	struct json_object *object = must(json_object_new_object());

	put_number(object, "start", extent->start);
	put_number(object, "length", extent->length);
	put_text(object, "type", savetool_extent_type_name(extent->type));
	put_text(object, "block", extent->block);
	if (is_page(extent)) {
		put_number(object, "page", extent->page);
		put_number(object, "pages", extent->pages);
		put_flag(object, "present", extent->present);
	}
	put_text(object, "section", extent->section);
	put_number(object, "instance", extent->instance);
	put_flag(object, "allocated", extent->allocated);
	write_element(job, object);
}

static int on_extent(void *data, const struct savetool_extent *extent)
{
	struct job *job = data;

	if (job->cli->json)
		show_json(job, extent);
	else
		show_text(job, extent);
	job->begun = true;
	/* Nobody reads it, or the disk is full: there is nothing to undo. */
	if (ferror(stdout))
		stdout_flush();
	return signals_caught() != 0;
}

/* The exit status.  A failure is the last element, if there are others. */
static int finish(struct job *job, const char *path,
		  const struct savetool_error *err)
{
	bool array = job->cli->json && (job->begun || !err);
	int status = SAVETOOL_OK;

	if (array && !job->begun)
		putchar('[');
	else if (array && err)
		puts(",");
	stdout_flush();
	if (err)
		status = cli_fail(job->cli, path, err);
	if (array)
		puts("]");
	stdout_flush();
	return status;
}

static int map(struct job *job, const char *path, struct savetool_error *err)
{
	const struct savetool_monitor *monitor;
	struct savetool_image *image;
	int failed;

	monitor = progress_begin(&job->progress, path, 0, 1);
	failed = cli_open(job->cli, &image, path, &job->open, monitor, err);
	if (!failed) {
		failed = savetool_image_map(image, job->scan, monitor,
					    on_extent, job, err);
		savetool_image_close(image);
	}
	progress_end(&job->progress, !failed);
	return failed;
}

static int run(struct cli *cli)
{
	struct job job = { .cli = cli,
			   .progress = PROGRESS_INIT,
			   .open = { .size = sizeof(job.open) } };
	const struct option table[] = {
		{ '\0', "scan", NULL, take_flag, &job.scan,
		  "read all pages and show which are zero" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.progress),
		OPTION_END,
	};
	struct savetool_error err;
	int failed;

	if (!cli_parse(cli, table))
		return cli->status;
	confine_to_reading(cli->operands, cli->count);
	failed = map(&job, cli->operands[0], &err);
	if (failed && err.code == SAVETOOL_CANCELLED)
		return SAVETOOL_CANCELLED;
	return finish(&job, cli->operands[0], failed ? &err : NULL);
}

const struct command command_map = {
	.name = "map",
	.operands = "IMAGE",
	.summary = "show what each byte of an image is for",
	.least = 1,
	.most = 1,
	.run = run,
};
