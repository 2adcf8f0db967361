/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of one command: options into variables, operands into a
 * list.  Help, completion and the test of the manual use the same table.
 */
#ifndef CLI_H
#define CLI_H

#include "command.h"
#include "connections.h"
#include "savetool.h"
#include "take.h"

#include <popt.h>

struct option {
	char letter; /* '\0': only the long name */
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
	  "a bare stream starts at byte N" },                                  \
	{ '\0', "byte-order", "ORDER", take_byte_order, &(open)->byte_order,   \
	  "byte order of a bare stream's host: little or big" },               \
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
	int status; /* if cli_parse() returns false */

	/* Options that all commands have. */
	bool json;
	bool quiet;
	bool verbose;

	struct connections connections; /* to all operands that are URIs */

	poptContext context;     /* owns the operands */
	char **words;            /* read by the context */
	struct poptOption *rows; /* its table */
};

/*
 * Parses the command line, and connects to the exports that it names.  False:
 * return cli->status, because help was printed or the command line is wrong.
 */
bool cli_parse(struct cli *cli, const struct option *table);
void cli_release(struct cli *cli);

/* Opens an operand that is an image: savetool_image_open(). */
int cli_open(const struct cli *cli, struct savetool_image **image,
	     const char *path, const struct savetool_open_options *open,
	     const struct savetool_monitor *monitor,
	     struct savetool_error *err);

/*
 * Prints an error and its place on standard error, in one line; path may be
 * NULL.
 */
void cli_complain(const char *path, const struct savetool_error *err);

/* "savetool: PATH: warning: …", unless --quiet */
void cli_warn(const struct cli *cli, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Reports that a command has failed, also as JSON if that is wanted.  If it was
 * stopped by a signal, nothing is printed.  path may be NULL.  Returns the exit
 * status.
 */
int cli_fail(const struct cli *cli, const char *path,
	     const struct savetool_error *err);

/*
 * Warns, unless --quiet, of bytes of memory that lay in holes, if there are
 * any.
 */
void cli_warn_lost(const struct cli *cli, const char *path, uint64_t lost);

/*
 * Reports wrong usage, also as JSON if that is wanted.  Returns SAVETOOL_USAGE.
 */
int cli_misuse(const struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for a word that is not a command or option; suggests the nearest. */
int cli_no_command(const struct cli *cli, const char *word);

/* The same for an operand that must be one of some words, ended by NULL. */
int cli_no_operand(const struct cli *cli, const char *what,
		   const char *const *words, const char *word);
int cli_no_option(const struct cli *cli, const struct option *table,
		  const char *word);

/* The worse of two exit statuses. */
static inline int cli_worse(int a, int b)
{
	return a > b ? a : b;
}

#endif
