/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What 'savetool COMMAND --help' prints, from the command's table. */
#include "config.h"

#include "option_help.h"

#include <stdio.h>

/* "-O, --to=FORMAT", "    --libvirt[=XML]"; returns its length. */
static int name_option(const struct option *option, char *text, size_t size)
{
	const char *argument = option->argument ? option->argument : "";
	const char *sign = *argument ? "=" : "";
	char letter[] = "    ";

	if (*argument == '[') {
		argument++;
		sign = "[=";
	}
	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	return snprintf(text, size, "%s--%s%s%s", letter, option->name, sign,
			argument);
}

void option_help_print(const struct command *command,
		       const struct option *table)
{
	const struct option *option;
	char text[64];
	int width = 0, used;

	for (option = table; option->name; option++) {
		used = name_option(option, text, sizeof(text));
		if (option->help && used > width)
			width = used;
	}
	printf("Usage: savetool %s [OPTION...] %s\n", command->name,
	       command->operands);
	printf("%c%s.\n\nOptions:\n", command->summary[0] - 32,
	       command->summary + 1);
	for (option = table; option->name; option++) {
		name_option(option, text, sizeof(text));
		if (option->help)
			printf("  %-*s  %s\n", width, text, option->help);
	}
	if (!command->internal)
		printf("\nThe manual page is savetool-%s(1).\n", command->name);
}

void option_names_print(const struct option *table)
{
	for (; table->name; table++)
		if (table->help)
			printf("--%s\n", table->name);
}
