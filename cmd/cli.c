/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of one command, parsed by popt from the command's own table.
 */
#include "config.h"

#include "cli.h"

#include "base/cleanup.h"
#include "base/nearest.h"
#include "escape.h"
#include "hint.h"
#include "memory.h"
#include "option_help.h"
#include "place.h"
#include "report.h"
#include "stdout.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong with the command line, and what may help; "": unknown. */
struct mistake {
	struct savetool_error err;
	char hint[NEAREST_TEXT];
};

/* Requested instead of the command's work. */
struct request {
	bool help;
	bool version;
	bool long_options;
};

static size_t count_options(const struct option *table)
{
	size_t count = 0;

	while (table[count].name)
		count++;
	return count;
}

/* The command's own options, followed by those of all commands. */
static struct option *whole_table(struct cli *cli, struct request *request,
				  const struct option *own)
{
	const struct option common[] = {
		{ '\0', "json", NULL, take_flag, &cli->json,
		  "same as --output=json" },
		{ '\0', "output", "FORM", take_output, &cli->json,
		  "write the result as 'text' or 'json'" },
		{ 'q', "quiet", NULL, take_flag, &cli->quiet,
		  "suppress warnings and non-essential output" },
		{ 'v', "verbose", NULL, take_flag, &cli->verbose,
		  "show more details" },
		{ 'h', "help", NULL, take_flag, &request->help,
		  "show this help" },
		{ 'V', "version", NULL, take_flag, &request->version,
		  "show the version" },
		{ '\0', "long-options", NULL, take_flag, &request->long_options,
		  NULL },
		OPTION_END,
	};
	size_t count = count_options(own);
	struct option *whole = malloc(count * sizeof(*own) + sizeof(common));

	if (whole) {
		memcpy(whole, own, count * sizeof(*own));
		memcpy(whole + count, common, sizeof(common));
	}
	return whole;
}

/* popt only finds out which option it is; its val is the index plus 1. */
static struct poptOption *popt_table(const struct option *table)
{
	size_t count = count_options(table);
	struct poptOption *rows = calloc(count + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < count; i++) {
		rows[i].longName = table[i].name;
		rows[i].shortName = table[i].letter;
		rows[i].val = (int)i + 1;
		rows[i].argInfo = POPT_ARG_NONE;
		if (table[i].argument)
			rows[i].argInfo = POPT_ARG_STRING;
	}
	return rows;
}

/* Before a word that only looks like an option. */
#define MARK "\1"

static void remove_mark(char *word)
{
	if (word && *word == *MARK)
		memmove(word, word + 1, strlen(word));
}

static bool lacks_optional(const char *word, const struct option *table)
{
	if (strncmp(word, "--", 2) != 0)
		return false;
	for (; table->name; table++)
		if (table->argument && *table->argument == '[' &&
		    strcmp(table->name, word + 2) == 0)
			return true;
	return false;
}

/*
 * popt would take the next word as the argument of an option whose argument is
 * optional.  So '--libvirt' becomes '--libvirt='.  And it would look for
 * options in '-::MEMBER', which is marked, therefore.
 */
static char **copy_words(int argc, const char **argv,
			 const struct option *table)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	bool options = true;

	for (int i = 0; words && i < argc; i++) {
		const char *mark = "", *end = "";

		if (strcmp(argv[i], "--") == 0)
			options = false;
		if (options && lacks_optional(argv[i], table))
			end = "=";
		if (strncmp(argv[i], "-::", 3) == 0)
			mark = MARK;
		if (asprintf(&words[i], "%s%s%s", mark, argv[i], end) < 0)
			words[i] = must(NULL);
	}
	return words;
}

/* Also recognises a long option with one dash, or with "=3". */
static void no_option(const struct option *table, const char *word,
		      struct mistake *mistake)
{
	cleanup_free char *name = strdup(word + strspn(word, "-"));
	struct nearest nearest;

	misfit_none(&mistake->err, "option", word);
	if (!name || !name[0] || !name[1])
		return;
	name[strcspn(name, "=")] = '\0';
	nearest_begin(&nearest, name);
	for (; table->name; table++)
		if (table->help)
			nearest_try(&nearest, table->name);
	nearest_text(&nearest, "--", mistake->hint);
}

static void explain(poptContext context, int problem,
		    const struct option *table, struct mistake *mistake)
{
	const char *word = poptBadOption(context, POPT_BADOPTION_NOALIAS);

	switch (problem) {
	case POPT_ERROR_BADOPT:
		no_option(table, word, mistake);
		break;
	case POPT_ERROR_NOARG:
		misfit(&mistake->err, "missing argument of option", word);
		break;
	case POPT_ERROR_UNWANTEDARG:
		misfit(&mistake->err, "option takes no argument", word);
		break;
	default:
		misfit(&mistake->err, poptStrerror(problem), word);
	}
}

/*
 * Not one of the words that the option takes: suggests the nearest, or lists
 * all.
 */
static void no_choice(const struct choice *choice, const char *word,
		      struct mistake *mistake)
{
	struct nearest nearest;

	misfit_none(&mistake->err, choice->what, word);
	nearest_begin(&nearest, word);
	for (const char *const *known = choice->words; *known; known++)
		nearest_try(&nearest, *known);
	if (!nearest_text(&nearest, "", mistake->hint))
		snprintf(mistake->hint, sizeof(mistake->hint), "choose %s",
			 choice->list);
}

static int take(const struct option *option, const char *word,
		struct mistake *mistake)
{
	const struct choice *choice = choice_of(option->take);
	struct savetool_error *err = &mistake->err;
	char text[sizeof(err->text)];

	if (option->take(option->target, word, err) == 0)
		return 0;
	if (choice && err->code == SAVETOOL_USAGE)
		no_choice(choice, word, mistake);
	memcpy(text, err->text, sizeof(text));
	snprintf(err->text, sizeof(err->text), "option '--%s': %.400s",
		 option->name, text);
	return -1;
}

/* Continues after a mistake, as --json may follow; the first mistake counts. */
static int read_options(struct cli *cli, const struct option *table,
			struct mistake *mistake)
{
	struct mistake later = { .hint = "" };
	int value, result = 0;

	while ((value = poptGetNextOpt(cli->context)) != -1) {
		cleanup_free char *word = poptGetOptArg(cli->context);
		struct mistake *here = result == 0 ? mistake : &later;

		remove_mark(word);
		if (value < 0) {
			explain(cli->context, value, table, here);
			result = -1;
		} else if (take(&table[value - 1], word, here) < 0) {
			result = -1;
		}
	}
	return result;
}

/* Names the first operand that is missing. */
static int missing(const char *operands, size_t count,
		   struct savetool_error *err)
{
	char name[32];

	while (count-- > 0)
		operands += strcspn(operands, " ") + 1;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(operands, " ."),
		 operands);
	return misfit(err, "missing operand", name);
}

static int read_operands(struct cli *cli, struct savetool_error *err)
{
	const struct command *command = cli->command;

	cli->operands = poptGetArgs(cli->context);
	for (; cli->operands && cli->operands[cli->count]; cli->count++)
		remove_mark((char *)cli->operands[cli->count]);
	if (cli->count < command->least)
		return missing(command->operands, cli->count, err);
	if (cli->count > command->most)
		return misfit(err, "one operand too many",
			      cli->operands[command->most]);
	return 0;
}

/* True: the request was answered. */
static bool answer(const struct cli *cli, const struct request *request,
		   const struct option *table)
{
	if (request->long_options)
		option_names_print(table);
	else if (request->help)
		option_help_print(cli->command, table);
	else if (request->version)
		printf("savetool %s\n", savetool_version());
	else
		return false;
	return true;
}

static int misuse(const struct cli *cli, const struct mistake *mistake);

bool cli_parse(struct cli *cli, const struct option *own)
{
	struct request request = { false, false, false };
	cleanup_free struct option *table =
		must(whole_table(cli, &request, own));
	struct mistake mistake = { .hint = "" };

	cli->rows = must(popt_table(table));
	cli->words = must(copy_words(cli->argc, cli->argv, table));
	cli->context = must(poptGetContext(
		NULL, cli->argc, (const char **)cli->words, cli->rows, 0));
	if (read_options(cli, table, &mistake) < 0) {
		cli->status = misuse(cli, &mistake);
		return false;
	}
	cli->status = SAVETOOL_OK;
	if (answer(cli, &request, table))
		return false;
	if (read_operands(cli, &mistake.err) < 0) {
		cli->status = misuse(cli, &mistake);
		return false;
	}
	connections_open(&cli->connections, cli->operands, cli->count);
	return true;
}

int cli_open(const struct cli *cli, struct savetool_image **image,
	     const char *path, const struct savetool_open_options *open,
	     const struct savetool_monitor *monitor, struct savetool_error *err)
{
	struct savetool_open_options options = *open;

	if (connections_find(&options.connection, &cli->connections, path,
			     err) < 0)
		return -1;
	return savetool_image_open(image, path, &options, monitor, err);
}

void cli_release(struct cli *cli)
{
	connections_close(&cli->connections);
	poptFreeContext(cli->context);
	for (int i = 0; cli->words && cli->words[i]; i++)
		free(cli->words[i]);
	free(cli->words);
	free(cli->rows);
}

static void begin_complaint(const char *path)
{
	/* The report must come before the error about it. */
	stdout_flush();
	fputs("savetool: ", stderr);
	if (path) {
		escape_text(stderr, *path ? path : "''", false);
		fputs(": ", stderr);
	}
}

/* hint is in the words of the command line; NULL: none. */
static void complain(const char *path, const struct savetool_error *err,
		     const char *hint)
{
	char place[PLACE_TEXT];

	place_of_error(place, err);
	begin_complaint(path);
	escape_text(stderr, err->text, false);
	if (place[0]) {
		fputs(" (", stderr);
		escape_text(stderr, place, false);
		fputs(")", stderr);
	}
	fprintf(stderr, "%s%s\n", hint ? "; " : "", hint ? hint : "");
}

void cli_complain(const char *path, const struct savetool_error *err)
{
	complain(path, err, hint_words(err->hint));
}

/* In text mode the error is only on standard error. */
static void put_failure(const struct cli *cli, const char *path,
			const struct savetool_error *err, const char *hint)
{
	struct report *report;

	if (!cli->json)
		return;
	report = report_new(stdout, true, false);
	report_open(report, path);
	report_error(report, err, hint);
	report_commit(report);
	report_free(report);
}

int cli_fail(const struct cli *cli, const char *path,
	     const struct savetool_error *err)
{
	if (err->code == SAVETOOL_CANCELLED)
		return SAVETOOL_CANCELLED;
	put_failure(cli, path, err, hint_words(err->hint));
	cli_complain(path, err);
	return (int)err->code;
}

void cli_warn(const struct cli *cli, const char *path, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (cli->quiet)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	begin_complaint(path);
	fputs("warning: ", stderr);
	escape_text(stderr, text, false);
	fputs("\n", stderr);
}

void cli_warn_lost(const struct cli *cli, const char *path, uint64_t lost)
{
	if (lost > 0)
		cli_warn(cli, path,
			 "%" PRIu64 " bytes of memory lie in holes of the "
			 "file and were read as zeros",
			 lost);
}

/* A program gets only the mistake; people are pointed to the help. */
static int misuse(const struct cli *cli, const struct mistake *mistake)
{
	const char *hint = mistake->hint[0] ? mistake->hint : NULL;
	char help[64];

	put_failure(cli, NULL, &mistake->err, hint);
	snprintf(help, sizeof(help), "see 'savetool %s%s--help'",
		 cli->command->internal ? "" : cli->command->name,
		 cli->command->internal ? "" : " ");
	complain(NULL, &mistake->err, hint ? hint : help);
	return SAVETOOL_USAGE;
}

int cli_misuse(const struct cli *cli, const char *format, ...)
{
	struct mistake mistake = {
		.err = { .code = SAVETOOL_USAGE,
			 .offset = SAVETOOL_UNKNOWN,
			 .page = SAVETOOL_UNKNOWN },
	};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(mistake.err.text, sizeof(mistake.err.text), format,
		  arguments);
	va_end(arguments);
	return misuse(cli, &mistake);
}

int cli_no_command(const struct cli *cli, const char *word)
{
	struct mistake mistake = { .hint = "" };
	const struct command *command;
	struct nearest nearest;

	misfit_none(&mistake.err, "command", word);
	nearest_begin(&nearest, word);
	for (size_t i = 0; (command = command_at(i)); i++)
		nearest_try(&nearest, command->name);
	nearest_text(&nearest, "", mistake.hint);
	return misuse(cli, &mistake);
}

int cli_no_operand(const struct cli *cli, const char *what,
		   const char *const *words, const char *word)
{
	struct mistake mistake = { .hint = "" };
	struct nearest nearest;

	misfit_none(&mistake.err, what, word);
	nearest_begin(&nearest, word);
	for (; *words; words++)
		nearest_try(&nearest, *words);
	nearest_text(&nearest, "", mistake.hint);
	return misuse(cli, &mistake);
}

int cli_no_option(const struct cli *cli, const struct option *table,
		  const char *word)
{
	struct mistake mistake = { .hint = "" };

	no_option(table, word, &mistake);
	return misuse(cli, &mistake);
}
