/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command is.  The list of them is in main.c, and nowhere else. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct cli;

struct command {
	const char *name;
	const char *operands;        /* "SOURCE DEST": for people */
	const char *summary;         /* one line, no full stop */
	size_t least, most;          /* how many operands */
	bool writes;                 /* and so has something to take back */
	bool internal;               /* has no manual page of its own */
	int (*run)(struct cli *cli); /* returns the exit status */
};

extern const struct command command_compact;
extern const struct command command_check;
extern const struct command command_convert;
extern const struct command command_digest;
extern const struct command command_help;
extern const struct command command_inspect;
extern const struct command command_sparsify;
extern const struct command command_map;
extern const struct command command_size;

/* The commands in the order a user meets them; NULL behind the last. */
const struct command *command_at(size_t index);

/* NULL: there is none. */
const struct command *command_find(const char *name);

/* What 'savetool --help' says. */
void command_list(void);

#endif
