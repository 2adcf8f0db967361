/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command is.  The only list of commands is in main.c. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct cli;

struct command {
	const char *name;
	const char *operands; /* "SOURCE DEST", as --help shows it */
	const char *summary;  /* one line, no full stop */
	size_t least, most;   /* how many operands */
	bool writes;          /* writes, so a signal must not just end it */
	bool internal;        /* has no manual page of its own */
	int (*run)(struct cli *cli); /* returns the exit status */
};

extern const struct command command_compact;
extern const struct command command_compare;
extern const struct command command_check;
extern const struct command command_convert;
extern const struct command command_digest;
extern const struct command command_extract;
extern const struct command command_help;
extern const struct command command_inspect;
extern const struct command command_sparsify;
extern const struct command command_map;
extern const struct command command_size;
extern const struct command command_xml;

/* The commands in the order in which a user meets them; NULL after the last. */
const struct command *command_at(size_t index);

/* NULL if there is none. */
const struct command *command_find(const char *name);

/* Prints the list of commands for 'savetool --help'. */
void command_list(void);

#endif
