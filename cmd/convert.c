/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command convert: an image in another format. */
#include "config.h"

#include "cli.h"
#include "confine.h"
#include "facts.h"
#include "progress.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was asked for; header_version is -1 if none was. */
struct wish {
	enum savetool_format format;
	bool force, bare, verify, allow_mismatch;
	char *base, *machine;
	char *xml; /* "": the image's own */
	char *tar; /* "": by the source's name */
	struct take_words drop;
	int header_version, level, threads;
	struct savetool_open_options open;
	struct progress progress;
};

/* The source's format may have levels; the library checks once it is known. */
static bool has_levels(enum savetool_format format)
{
	return format != SAVETOOL_FORMAT_RAW &&
	       format != SAVETOOL_FORMAT_SPARSE;
}

static const char *base_problem(const struct wish *wish)
{
	if (!wish->base)
		return NULL;
	if (wish->format != SAVETOOL_FORMAT_KEEP &&
	    wish->format != SAVETOOL_FORMAT_SPARSE)
		return "'--base' is for format 'sparse' only";
	return wish->tar ? "'--base' and '--tar' cannot be combined" : NULL;
}

/* Something that can contradict the stream. */
static bool has_new_words(const struct wish *wish)
{
	return (wish->xml && *wish->xml) || wish->machine;
}

/* Options that contradict each other, whatever the source is. */
static const char *contradiction(const struct wish *wish)
{
	if (wish->bare && wish->xml)
		return "'--bare' and '--libvirt' cannot be combined";
	if (wish->bare && wish->header_version >= 0)
		return "a bare stream has no header version";
	if (wish->allow_mismatch && !has_new_words(wish))
		return "'--allow-mismatch' needs '--libvirt=XML' or "
		       "'--machine'";
	if (wish->header_version >= 0 && wish->header_version != 2 &&
	    wish->header_version != 3)
		return "header version is neither 2 nor 3";
	return base_problem(wish);
}

/* Options that depend on the format. */
static int check_format(const struct cli *cli, const struct wish *wish)
{
	const char *name = savetool_format_name(wish->format);

	if (wish->level != 0 && !has_levels(wish->format))
		return cli_misuse(cli, "format '%s' has no levels", name);
	if (wish->header_version == 3 &&
	    wish->format != SAVETOOL_FORMAT_SPARSE &&
	    wish->format != SAVETOOL_FORMAT_KEEP)
		return cli_misuse(
			cli,
			"header version 3 is for format 'sparse' only, not for "
			"'%s'",
			name);
	return SAVETOOL_OK;
}

/* An image is not for a terminal, and must be the only output to a pipe. */
static int check_destination(const struct cli *cli, const char *path)
{
	if (strcmp(path, "-") != 0)
		return SAVETOOL_OK;
	if (isatty(STDOUT_FILENO))
		return cli_misuse(cli,
				  "refusing to write an image to a terminal");
	if (cli->json || cli->verbose)
		return cli_misuse(
			cli, "standard output is the destination: '--json' and "
			     "'--verbose' are not possible");
	return SAVETOOL_OK;
}

static struct savetool_convert_options options_of(const struct wish *wish)
{
	struct savetool_convert_options options = {
		.size = sizeof(options),
		.format = wish->format,
		.force = wish->force,
		.verify = wish->verify,
		.allow_mismatch = wish->allow_mismatch,
		.level = wish->level,
		.threads = (unsigned)wish->threads,
		.drop = (const char *const *)wish->drop.words,
		.drop_count = wish->drop.count,
		.base = wish->base,
		.machine = wish->machine,
	};

	if (wish->bare)
		options.container = SAVETOOL_CONTAINER_BARE;
	if (wish->xml)
		options.container = SAVETOOL_CONTAINER_LIBVIRT;
	if (wish->xml && *wish->xml)
		options.xml = wish->xml;
	options.tar = wish->tar;
	if (wish->header_version > 0)
		options.header_version = (uint32_t)wish->header_version;
	return options;
}

static void show_text(struct report *report, const char *destination,
		      enum savetool_format format,
		      const struct savetool_convert_result *result)
{
	char logical[REPORT_SIZE_TEXT], allocated[REPORT_SIZE_TEXT + 16] = "";
	char shared[REPORT_SIZE_TEXT + 16] = "";

	report_size_text(result->logical, logical);
	/* A device, or a server, does not say how much that is. */
	if (result->allocated != SAVETOOL_UNKNOWN) {
		memcpy(allocated, ", ", 3);
		report_size_text(result->allocated, allocated + 2);
		strcat(allocated, " allocated");
	}
	if (result->shared > 0) {
		memcpy(shared, ", ", 3);
		report_size_text(result->shared, shared + 2);
		strcat(shared, " shared");
	}
	report_line(report, "%s: %s, %s%s%s%s", destination,
		    savetool_format_name(format), logical, allocated, shared,
		    result->verified ? ", verified" : "");
}

static void show(const struct cli *cli, const struct wish *wish,
		 enum savetool_format format,
		 const struct savetool_convert_result *result)
{
	struct report *report = report_new(stdout, cli->json, false);

	report_open(report, NULL);
	report_text(report, "source", NULL, cli->operands[0]);
	report_text(report, "destination", NULL, cli->operands[1]);
	report_text(report, "format", NULL, savetool_format_name(format));
	report_number(report, "logical", NULL, result->logical);
	report_number(report, "allocated", NULL, result->allocated);
	report_number(report, "lost", NULL, result->lost);
	if (wish->base && !result->unshared)
		report_number(report, "shared", NULL, result->shared);
	if (wish->drop.count > 0)
		report_words(report, "dropped", NULL,
			     (const char *const *)wish->drop.words);
	if (wish->machine) {
		report_text(report, "machine", NULL, wish->machine);
		report_text(report, "machine-before", NULL, result->machine);
	}
	if (result->mismatch[0])
		report_text(report, "mismatch", NULL, result->mismatch);
	facts_verified(report, result->verified, &result->digest);
	show_text(report, cli->operands[1], format, result);
	if (wish->machine)
		report_line(report, "%s: renamed machine type '%s' to '%s'",
			    cli->operands[1], result->machine, wish->machine);
	for (size_t i = 0; i < wish->drop.count; i++)
		report_line(report, "%s: left out section '%s'",
			    cli->operands[1], wish->drop.words[i]);
	report_commit(report);
	report_free(report);
}

static void warn(const struct cli *cli, const struct wish *wish,
		 const struct savetool_convert_result *result)
{
	if (result->unshared)
		cli_warn(cli, cli->operands[1],
			 "this file system cannot share disk space with '%s'; "
			 "the whole image was written",
			 wish->base);
	cli_warn_lost(cli, cli->operands[0], result->lost);
	if (result->mismatch[0])
		cli_warn(cli, cli->operands[1], "%s", result->mismatch);
	if (wish->header_version == 3)
		cli_warn(cli, cli->operands[1],
			 "no release of libvirt restores header version 3");
	if (wish->machine && strcmp(wish->machine, result->machine) != 0)
		cli_warn(cli, cli->operands[1],
			 "machine type '%s' was renamed to '%s'; only QEMU can "
			 "tell whether the guest restores with it",
			 result->machine, wish->machine);
	for (size_t i = 0; i < wish->drop.count; i++)
		cli_warn(
			cli, cli->operands[1],
			"section '%s' was left out; only QEMU can tell whether "
			"the guest restores without it",
			wish->drop.words[i]);
}

static void confine_files(const char *source, const char *destination,
			  const struct wish *wish)
{
	struct confine confine;

	confine_begin(&confine);
	confine_read(&confine, source);
	confine_read(&confine, wish->xml);
	confine_read(&confine, wish->base);
	confine_write(&confine, destination);
	confine_end(&confine);
}

static int convert(struct cli *cli, struct wish *wish)
{
	const char *source = cli->operands[0];
	const char *destination = cli->operands[1];
	struct savetool_convert_options options;
	struct savetool_convert_result result;
	const struct savetool_monitor *monitor;
	struct savetool_image *image;
	struct savetool_error err;
	int failed;

	if (check_format(cli, wish) != SAVETOOL_OK ||
	    check_destination(cli, destination) != SAVETOOL_OK)
		return SAVETOOL_USAGE;
	options = options_of(wish);
	if (connections_find(&options.connection, &cli->connections,
			     destination, &err) < 0)
		return cli_fail(cli, destination, &err);
	confine_files(source, destination, wish);
	monitor = progress_begin(&wish->progress, source, 0, 1);
	failed = cli_open(cli, &image, source, &wish->open, monitor, &err);
	if (!failed) {
		failed = savetool_convert(image, destination, &options, monitor,
					  &result, &err);
		savetool_image_close(image);
	}
	progress_end(&wish->progress, !failed);
	if (failed)
		/* An error about another file than the source names it. */
		return cli_fail(cli, source, &err);
	warn(cli, wish, &result);
	if (cli->json || cli->verbose)
		show(cli, wish, result.format, &result);
	return SAVETOOL_OK;
}

static int run(struct cli *cli)
{
	struct wish wish = { .format = SAVETOOL_FORMAT_KEEP,
			     .header_version = -1,
			     .open = { .size = sizeof(wish.open) },
			     .progress = PROGRESS_INIT };
	const struct option table[] = {
		{ 'O', "to", "FORMAT", take_format, &wish.format,
		  "write FORMAT (default: the format of SOURCE)" },
		{ 'f', "force", NULL, take_flag, &wish.force,
		  "replace DEST if it exists" },
		{ '\0', "bare", NULL, take_flag, &wish.bare,
		  "write a bare stream without a libvirt header" },
		{ '\0', "libvirt", "[XML]", take_text, &wish.xml,
		  "write a libvirt header, with this domain XML" },
		{ '\0', "allow-mismatch", NULL, take_flag, &wish.allow_mismatch,
		  "write an XML that contradicts the stream" },
		{ '\0', "header-version", "N", take_number,
		  &wish.header_version, "write header version 2 or 3" },
		{ '\0', "verify", NULL, take_flag, &wish.verify,
		  "read DEST back and compare it with SOURCE" },
		{ '\0', "base", "OLD", take_text, &wish.base,
		  "share the storage of pages that are the same in OLD" },
		{ '\0', "drop", "SECTION", take_word, &wish.drop,
		  "leave out a section that QEMU does not know" },
		{ '\0', "machine", "NAME", take_text, &wish.machine,
		  "rename the machine type in the stream and the XML" },
		{ '\0', "tar", "[NAME]", take_text, &wish.tar,
		  "write a tar archive with the image as NAME" },
		OPTIONS_COMPRESSION(&wish.level, &wish.threads),
		OPTIONS_SOURCE(&wish.open),
		OPTIONS_PROGRESS(&wish.progress),
		OPTION_END,
	};
	const char *problem;
	int status;

	if (!cli_parse(cli, table)) {
		status = cli->status;
	} else if ((problem = contradiction(&wish))) {
		status = cli_misuse(cli, "%s", problem);
	} else {
		status = convert(cli, &wish);
	}
	free(wish.xml);
	free(wish.tar);
	free(wish.base);
	free(wish.machine);
	take_words_free(&wish.drop);
	return status;
}

const struct command command_convert = {
	.name = "convert",
	.operands = "SOURCE DEST",
	.summary = "convert an image to another format",
	.least = 2,
	.most = 2,
	.writes = true,
	.run = run,
};
