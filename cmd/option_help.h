/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The help of a command, which its table of options has. */
#ifndef OPTION_HELP_H
#define OPTION_HELP_H

#include "cli.h"

/* Prints the command's synopsis and summary, and a line for each option. */
void option_help_print(const struct command *command,
		       const struct option *table);

/* Prints the long names alone, one a line, as the completions ask for them. */
void option_names_print(const struct option *table);

#endif
