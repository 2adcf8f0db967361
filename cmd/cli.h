/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of one command: options into variables, operands into a list.
 * Help, completion and the check of the manual read the same table.
 */
#ifndef CLI_H
#define CLI_H

#include "command.h"
#include "savetool.h"
#include "take.h"

#include <popt.h>

struct option {
	char letter; /* '\0': there is only the long name */
	const char *name;
	const char *argument; /* NULL: none; "[XML]": optional, after '=' */
	option_take take;
	void *target;
	const char *help; /* NULL: hidden */
};

/* clang-format off */
/* Where an image is, and how it is read: struct savetool_open_options. */
#define OPTIONS_SOURCE(open)                                                   \
	{ '\0', "offset", "N", take_size, &(open)->offset,                     \
	  "a bare stream starts at byte N" },                                \
	{ '\0', "byte-order", "ORDER", take_byte_order, &(open)->byte_order,   \
	  "byte order of a bare stream's host: little or big" },                   \
	{ '\0', "direct", NULL, take_flag, &(open)->direct,                    \
	  "bypass the page cache (O_DIRECT)" }
/* int, int; 0 is what is best. */
#define OPTIONS_COMPRESSION(level, threads)                                    \
	{ 'L', "level", "N", take_level, level, "compress at level N" },       \
	{ 'T', "threads", "N", take_number, threads,                           \
	  "compress with N threads (0: one per processor)" }
#define OPTION_END { '\0', NULL, NULL, NULL, NULL, NULL }
/* clang-format on */

struct cli {
	const struct command *command;
	int argc;
	const char **argv; /* without the program, from the command's name */
	size_t count;
	const char **operands;
	int status; /* if cli_parse says false */

	/* Options of all commands. */
	bool json;
	bool quiet;
	bool verbose;

	poptContext context;     /* owns the operands */
	char **words;            /* what the context reads */
	struct poptOption *rows; /* by what it reads them */
};

/*
 * Reads the words of the command.  False: there is nothing left to do but to
 * return cli->status, as help was asked for, or the words make no sense.
 */
bool cli_parse(struct cli *cli, const struct option *table);
void cli_release(struct cli *cli);

/* One line on standard error, with the place; path may be NULL. */
void cli_complain(const char *path, const struct savetool_error *err);

/* "savetool: PATH: warning: …", unless --quiet */
void cli_warn(const struct cli *cli, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Tells that a command has failed, also as JSON if that is wanted; of a
 * signal, which tells by itself, nothing.  path may be NULL.  Returns the exit
 * status.
 */
int cli_fail(const struct cli *cli, const char *path,
	     const struct savetool_error *err);

/* A warning, unless --quiet: bytes of memory that lay in holes, if any did. */
void cli_warn_lost(const struct cli *cli, const char *path, uint64_t lost);

/* Tells of a wrong use, also as JSON if that is wanted.  Returns
 * SAVETOOL_USAGE. */
int cli_misuse(const struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, of a word that is no command or option; with those nearest to it.
 */
int cli_no_command(const struct cli *cli, const char *word);
int cli_no_option(const struct cli *cli, const struct option *table,
		  const char *word);

/* The worse of two exit statuses. */
static inline int cli_worse(int a, int b)
{
	return a > b ? a : b;
}

#endif
