/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * savetool: finds the command, runs it, and makes sure that its output arrives.
 */
#include "config.h"

#include "cli.h"
#include "signals.h"
#include "stdout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
	&command_inspect,  &command_size,    &command_map,   &command_convert,
	&command_sparsify, &command_compact, &command_check, &command_digest,
	&command_compare,  &command_extract, &command_xml,   &command_help,
};

const struct command *command_at(size_t index)
{
	if (index >= sizeof(commands) / sizeof(*commands))
		return NULL;
	return commands[index];
}

const struct command *command_find(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

void command_list(void)
{
	const struct command *command;

	puts("Usage: savetool COMMAND [OPTION...] IMAGE...\n"
	     "Describe and convert the save images of virtual "
	     "machines.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; (command = command_at(i)); i++)
		printf("  %-9s %s\n", command->name, command->summary);
	puts("\n"
	     "Options:\n"
	     "  -h, --help     show this help\n"
	     "  -V, --version  show the version\n"
	     "\n"
	     "'savetool COMMAND --help' lists the options of a command,\n"
	     "'savetool help COMMAND' shows its manual page.");
}

/* The commands with a manual page, for completion and tests. */
static void print_names(void)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (!command->internal)
			puts(command->name);
}

/* As the last of such words says, whatever is wrong with the others. */
static bool wants_json(int argc, char **argv)
{
	static const char output[] = "--output";
	struct savetool_error err;
	bool json = false, wanted;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *form = NULL;

		if (strcmp(argv[i], "--json") == 0)
			form = "json";
		else if (strcmp(argv[i], output) == 0)
			form = argv[i + 1];
		else if (strncmp(argv[i], "--output=", sizeof(output)) == 0)
			form = argv[i] + sizeof(output);
		if (form && take_output(&wanted, form, &err) == 0)
			json = wanted;
	}
	return json;
}

/* The program without a command: its words are those of help. */
static int run_alone(int argc, char **argv)
{
	const struct option table[] = {
		{ 'h', "help", NULL, NULL, NULL, "show this help" },
		{ 'V', "version", NULL, NULL, NULL, "show the version" },
		OPTION_END,
	};
	const struct cli cli = { .command = &command_help,
				 .json = wants_json(argc, argv) };
	const char *option = argv[1];

	if (argc < 2)
		return cli_misuse(&cli, "missing command");
	if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0)
		command_list();
	else if (strcmp(option, "-V") == 0 || strcmp(option, "--version") == 0)
		printf("savetool %s\n", savetool_version());
	else if (strcmp(option, "--commands") == 0)
		print_names();
	else if (*option == '-')
		return cli_no_option(&cli, table, option);
	else
		return cli_no_command(&cli, option);
	return SAVETOOL_OK;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct cli cli = { .command = command,
			   .argc = argc - 1,
			   .argv = (const char **)argv + 1 };
	int status;

	signals_catch(command->writes);
	status = command->run(&cli);
	cli_release(&cli);
	return status;
}

/*
 * If the caller closed one of the first three descriptors, a message must not
 * end up in an image that was opened in its place.  They are opened in the
 * wrong direction, so that reading and writing fail as they would have.
 */
static void reserve_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct command *command;
	int status;

	reserve_descriptors();
	command = argc < 2 ? NULL : command_find(argv[1]);
	if (command)
		status = run_command(command, argc, argv);
	else
		status = run_alone(argc, argv);
	if (status == SAVETOOL_CANCELLED && signals_caught())
		signals_die(signals_caught());
	return stdout_close(status);
}
