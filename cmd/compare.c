/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command compare: is it the same guest in two images? */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "progress.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATUS_DIFFERS 1

/* In text, so many fields are shown without --verbose. */
#define FIELDS_SHOWN 20

struct job {
	struct cli *cli;
	struct savetool_open_options open;
	struct progress progress;
	bool strict;
};

static const char *words_of(enum savetool_difference difference)
{
	switch (difference) {
	case SAVETOOL_SAME:
		return "same";
	case SAVETOOL_DIFFERS:
		return "differs";
	case SAVETOOL_ONLY_FIRST:
		return "only in the first";
	case SAVETOOL_ONLY_SECOND:
		return "only in the second";
	}
	return NULL;
}

static void show_difference(struct report *report,
			    enum savetool_difference difference)
{
	if (report_is_text(report))
		report_text(report, NULL, "", words_of(difference));
	else
		report_text(report, "difference", NULL,
			    savetool_difference_name(difference));
}

static bool is_same_block(const struct savetool_compared_block *block)
{
	return block->same == block->pages &&
	       block->first_length == block->second_length;
}

static void show_block(struct report *report,
		       const struct savetool_compared_block *block)
{
	report_row(report);
	report_text(report, "name", "block", block->name);
	report_number(report, "first-length", NULL, block->first_length);
	report_number(report, "second-length", NULL, block->second_length);
	report_number(report, "pages", "pages", block->pages);
	report_number(report, "same", "same", block->same);
	report_number(report, "differing", "differing", block->differing);
	report_number(report, "only-first", "only first", block->only_first);
	report_number(report, "only-second", "only second", block->only_second);
}

/* In text, only what differs; with --verbose all of it. */
static void show_blocks(const struct job *job, struct report *report,
			const struct savetool_comparison *comparison)
{
	bool all = job->cli->verbose || !report_is_text(report), any = all;

	for (size_t i = 0; i < comparison->block_count; i++)
		any |= !is_same_block(&comparison->blocks[i]);
	if (!any)
		return;
	report_table(report, "blocks", "memory", "lrrrrr");
	for (size_t i = 0; i < comparison->block_count; i++)
		if (all || !is_same_block(&comparison->blocks[i]))
			show_block(report, &comparison->blocks[i]);
	report_close(report);
}

static void show_ranges(const struct job *job, struct report *report,
			const struct savetool_comparison *comparison)
{
	if (report_is_text(report) &&
	    (!job->cli->verbose || comparison->range_count == 0))
		return;
	report_table(report, "ranges", "pages", "lrrl");
	for (size_t i = 0; i < comparison->range_count; i++) {
		const struct savetool_compared_pages *range =
			&comparison->ranges[i];

		report_row(report);
		report_text(report, "block", "block",
			    comparison->blocks[range->block].name);
		report_number(report, "page", "first", range->page);
		report_number(report, "pages", "pages", range->pages);
		show_difference(report, range->difference);
	}
	report_close(report);
}

static void show_section(struct report *report,
			 const struct savetool_compared_section *section)
{
	report_row(report);
	report_text(report, "name", "section", section->name);
	report_number(report, "instance", "instance", section->instance);
	report_number(report, "first-length", "first", section->first_length);
	report_number(report, "second-length", "second",
		      section->second_length);
	show_difference(report, section->difference);
}

static void show_sections(struct report *report,
			  const struct savetool_comparison *comparison)
{
	if (report_is_text(report) && comparison->section_count == 0)
		return;
	report_table(report, "sections", "devices", "lrrrl");
	for (size_t i = 0; i < comparison->section_count; i++)
		show_section(report, &comparison->sections[i]);
	report_close(report);
}

/* The path, or for bytes that nothing describes, their offset. */
static void show_place(struct report *report,
		       const struct savetool_compared_field *field)
{
	char text[64];

	snprintf(text, sizeof(text), "byte %" PRIu64, field->offset);
	report_text(report, "path", NULL, field->path);
	report_text(report, NULL, "field", field->path ? field->path : text);
	report_text(report, "type", NULL, field->type);
	report_number(report, "offset", NULL, field->offset);
	report_number(report, "bytes", NULL, field->bytes);
}

static const char *value_text(const char *value, bool only_other)
{
	return value ? value : only_other ? "" : "(more)";
}

static void show_field(struct report *report,
		       const struct savetool_comparison *comparison,
		       const struct savetool_compared_field *field)
{
	const struct savetool_compared_section *section =
		&comparison->sections[field->section];
	enum savetool_difference difference = field->difference;

	report_row(report);
	report_text(report, "section", "section", section->name);
	report_number(report, "instance", "instance", section->instance);
	show_place(report, field);
	report_text(report, "first", NULL, field->first);
	report_text(report, "second", NULL, field->second);
	report_text(
		report, NULL, "first",
		value_text(field->first, difference == SAVETOOL_ONLY_SECOND));
	report_text(
		report, NULL, "second",
		value_text(field->second, difference == SAVETOOL_ONLY_FIRST));
	show_difference(report, difference);
}

static void show_fields(const struct job *job, struct report *report,
			const struct savetool_comparison *comparison)
{
	bool all = job->cli->verbose || !report_is_text(report);
	size_t count = comparison->field_count;
	uint64_t omitted = comparison->fields_omitted;

	if (report_is_text(report) && count == 0)
		return;
	if (!all && count > FIELDS_SHOWN) {
		omitted += count - FIELDS_SHOWN;
		count = FIELDS_SHOWN;
	}
	report_table(report, "fields", "fields", "lrllll");
	for (size_t i = 0; i < count; i++)
		show_field(report, comparison, &comparison->fields[i]);
	report_close(report);
	if (omitted > 0)
		report_line(report, "... and %" PRIu64 " more", omitted);
}

static void show_facts(struct report *report,
		       const struct savetool_comparison *comparison)
{
	if (report_is_text(report) && comparison->fact_count == 0)
		return;
	report_table(report, "facts", "header", "lll");
	for (size_t i = 0; i < comparison->fact_count; i++) {
		const struct savetool_compared_fact *fact =
			&comparison->facts[i];

		report_row(report);
		report_text(report, "name", "what", fact->name);
		report_text(report, "first", NULL, fact->first);
		report_text(report, "second", NULL, fact->second);
		report_text(report, NULL, "first",
			    fact->first ? fact->first : "none");
		report_text(report, NULL, "second",
			    fact->second ? fact->second : "none");
	}
	report_close(report);
}

/* JSON only. */
static void show_numbers(struct report *report,
			 const struct savetool_comparison *comparison)
{
	report_text(report, "first-format", NULL,
		    savetool_format_name(comparison->first_format));
	report_text(report, "second-format", NULL,
		    savetool_format_name(comparison->second_format));
	report_flag(report, "same", NULL, comparison->same);
	report_flag(report, "same-facts", NULL, comparison->same_facts);
	report_flag(report, "exact", NULL, comparison->exact);
	report_number(report, "first-page-size", NULL,
		      comparison->first_page_size);
	report_number(report, "second-page-size", NULL,
		      comparison->second_page_size);
	report_number(report, "first-lost", NULL, comparison->first_lost);
	report_number(report, "second-lost", NULL, comparison->second_lost);
	report_number(report, "sections-same", NULL, comparison->sections_same);
	report_number(report, "ranges-omitted", NULL,
		      comparison->ranges_omitted);
	report_number(report, "fields-omitted", NULL,
		      comparison->fields_omitted);
}

static void show(const struct job *job,
		 const struct savetool_comparison *comparison, bool same)
{
	const struct cli *cli = job->cli;
	struct report *report = report_new(stdout, cli->json, false);

	report_open(report, NULL);
	report_text(report, "first", NULL, cli->operands[0]);
	report_text(report, "second", NULL, cli->operands[1]);
	if (!cli->json)
		report_line(report, "%s and %s %s", cli->operands[0],
			    cli->operands[1],
			    same ? "hold the same guest" : "differ");
	show_numbers(report, comparison);
	if (comparison->first_page_size != comparison->second_page_size)
		report_line(report,
			    "page sizes %" PRIu64 " and %" PRIu64
			    ": memory was not compared",
			    comparison->first_page_size,
			    comparison->second_page_size);
	show_blocks(job, report, comparison);
	show_ranges(job, report, comparison);
	show_sections(report, comparison);
	show_fields(job, report, comparison);
	show_facts(report, comparison);
	report_commit(report);
	report_free(report);
}

/* *failed is the path that the failure is about. */
static int compare(struct job *job, struct savetool_comparison **comparison,
		   const char **failed, struct savetool_error *err)
{
	const char *const *paths = job->cli->operands;
	const struct savetool_image *culprit = NULL;
	struct savetool_image *first = NULL, *second = NULL;
	const struct savetool_monitor *monitor;
	int result;

	monitor = progress_begin(&job->progress, paths[0], 0, 1);
	*failed = paths[0];
	result = cli_open(job->cli, &first, paths[0], &job->open, monitor, err);
	if (result == 0) {
		*failed = paths[1];
		result = cli_open(job->cli, &second, paths[1], &job->open,
				  monitor, err);
	}
	if (result == 0) {
		result = savetool_compare(comparison, first, second, monitor,
					  &culprit, err);
		*failed = culprit == first ? paths[0] : paths[1];
	}
	progress_end(&job->progress, result == 0);
	savetool_image_close(first);
	savetool_image_close(second);
	return result;
}

static int compare_and_show(struct job *job)
{
	const struct cli *cli = job->cli;
	struct savetool_comparison *comparison;
	struct savetool_error err;
	const char *failed;
	bool same;

	if (compare(job, &comparison, &failed, &err) < 0)
		return cli_fail(cli, failed, &err);
	same = comparison->same && (comparison->same_facts || !job->strict);
	cli_warn_lost(cli, cli->operands[0], comparison->first_lost);
	cli_warn_lost(cli, cli->operands[1], comparison->second_lost);
	if (cli->json || !cli->quiet)
		show(job, comparison, same);
	savetool_comparison_free(comparison);
	return same ? SAVETOOL_OK : STATUS_DIFFERS;
}

static int run(struct cli *cli)
{
	struct job job = { .cli = cli,
			   .open = { .size = sizeof(job.open) },
			   .progress = PROGRESS_INIT };
	const struct option table[] = {
		{ '\0', "strict", NULL, take_flag, &job.strict,
		  "count differences of XML and header, too" },
		OPTIONS_SOURCE(&job.open),
		OPTIONS_PROGRESS(&job.progress),
		OPTION_END,
	};

	if (!cli_parse(cli, table))
		return cli->status;
	if (strcmp(cli->operands[0], "-") == 0 &&
	    strcmp(cli->operands[1], "-") == 0)
		return cli_misuse(cli, "only one IMAGE can be standard input");
	confine_to_reading(cli->operands, cli->count);
	return compare_and_show(&job);
}

const struct command command_compare = {
	.name = "compare",
	.operands = "IMAGE IMAGE",
	.summary = "show how the guests in two images differ",
	.least = 2,
	.most = 2,
	.run = run,
};
