/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command extract: parts of an image as files of their own. */
#include "config.h"

#include "extract.h"

#include "confine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A new thing to extract is one line here. */
static const struct extractor *const extractors[] = {
	&extract_memory,
	&extract_devices,
	&extract_stream,
	&extract_xml,
};

#define EXTRACTORS (sizeof(extractors) / sizeof(*extractors))

static int no_extractor(const struct cli *cli, const char *word)
{
	const char *words[EXTRACTORS + 1] = { NULL };

	for (size_t i = 0; i < EXTRACTORS; i++)
		words[i] = extractors[i]->what;
	return cli_no_operand(cli, "part", words, word);
}

static const struct extractor *find(const char *what)
{
	for (size_t i = 0; i < EXTRACTORS; i++)
		if (strcmp(extractors[i]->what, what) == 0)
			return extractors[i];
	return NULL;
}

/* It must be the only output to a pipe. */
static int check_destination(const struct extract *extract)
{
	const struct cli *cli = extract->cli;

	if (strcmp(extract->destination, "-") != 0)
		return SAVETOOL_OK;
	if (cli->json || cli->verbose)
		return cli_misuse(cli,
				  "standard output is the destination: "
				  "'--json' and '--verbose' are not possible");
	return SAVETOOL_OK;
}

/* Options of one thing say nothing about another. */
static int check_options(const struct extract *extract,
			 const struct extractor *wanted)
{
	const char *option, *problem;

	for (size_t i = 0; i < EXTRACTORS; i++) {
		const struct extractor *other = extractors[i];

		if (other == wanted || !other->own_option)
			continue;
		option = other->own_option(extract);
		if (option)
			return cli_misuse(extract->cli,
					  "'--%s' is an option of 'extract %s' "
					  "and not of 'extract %s'",
					  option, other->what, wanted->what);
	}
	problem = wanted->problem ? wanted->problem(extract) : NULL;
	return problem ? cli_misuse(extract->cli, "%s", problem) : SAVETOOL_OK;
}

static int run_extractor(struct extract *extract,
			 const struct extractor *wanted, struct report *report,
			 struct savetool_error *err)
{
	const struct savetool_monitor *monitor =
		progress_begin(&extract->progress, extract->source, 0, 1);
	struct savetool_image *image;
	int failed = cli_open(extract->cli, &image, extract->source,
			      &extract->open, monitor, err);

	if (!failed) {
		failed = wanted->run(extract, image, monitor, report, err);
		savetool_image_close(image);
	}
	progress_end(&extract->progress, !failed);
	return failed;
}

static int extract_it(struct extract *extract, const struct extractor *wanted)
{
	struct cli *cli = extract->cli;
	struct report *report = NULL;
	struct savetool_error err;
	int status;

	confine_to_copying(extract->source, extract->destination);
	if (cli->json || cli->verbose) {
		report = report_new(stdout, cli->json, false);
		report_open(report, NULL);
		report_text(report, "source", NULL, extract->source);
		report_text(report, "destination", NULL, extract->destination);
		report_text(report, "what", NULL, wanted->what);
	}
	if (run_extractor(extract, wanted, report, &err) < 0) {
		status = cli_fail(cli, extract->source, &err);
	} else {
		status = extract->status;
		if (report)
			report_commit(report);
	}
	report_free(report);
	return status;
}

static int extract(struct extract *extract)
{
	struct cli *cli = extract->cli;
	const struct extractor *wanted = find(cli->operands[0]);

	if (!wanted)
		return no_extractor(cli, cli->operands[0]);
	extract->source = cli->operands[1];
	extract->destination = cli->operands[2];
	if (check_options(extract, wanted) != SAVETOOL_OK ||
	    check_destination(extract) != SAVETOOL_OK)
		return SAVETOOL_USAGE;
	return extract_it(extract, wanted);
}

static int run(struct cli *cli)
{
	struct extract it = { .cli = cli,
			      .memory_format = SAVETOOL_MEMORY_FORMAT_COUNT,
			      .open = { .size = sizeof(it.open) },
			      .progress = PROGRESS_INIT };
	const struct option table[] = {
		{ 'f', "force", NULL, take_flag, &it.force,
		  "replace DEST if it exists" },
		{ '\0', "format", "FORMAT", take_memory_format,
		  &it.memory_format, "memory: write FORMAT (default: raw)" },
		{ '\0', "block", "NAME", take_text, &it.block,
		  "memory: write a single memory block" },
		{ '\0', "map", "BLOCK@ADDRESS", take_map, &it.maps,
		  "memory: place a block at this address" },
		{ '\0', "partial", NULL, take_flag, &it.partial,
		  "memory: accept an incomplete or damaged image" },
		OPTIONS_SOURCE(&it.open),
		OPTIONS_PROGRESS(&it.progress),
		OPTION_END,
	};
	int status = cli_parse(cli, table) ? extract(&it) : cli->status;

	free(it.block);
	take_words_free(&it.maps);
	return status;
}

const struct command command_extract = {
	.name = "extract",
	.operands = "WHAT IMAGE DEST",
	.summary = "write memory, devices, stream or XML to a file",
	.least = 3,
	.most = 3,
	.writes = true,
	.run = run,
};
