/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command help: the manual page, or if there is none, --help. */
#include "config.h"

#include "cli.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs man; returns its exit status, or -1 if there is no man. */
static int run_man(const char *option, const char *page, bool silent)
{
	pid_t child;
	int status, null;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		null = silent ? open("/dev/null", O_WRONLY) : -1;
		if (null >= 0) {
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
		}
		signals_restore();
		execlp("man", "man", option, page, (char *)NULL);
		_exit(127);
	}
	if (child < 0)
		return -1;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int show_help(const struct command *command)
{
	const char *words[] = { command->name, "--help", NULL };
	struct cli cli = { .command = command, .argc = 2, .argv = words };
	int status = command->run(&cli);

	cli_release(&cli);
	return status;
}

static int run(struct cli *cli)
{
	const struct option table[] = { OPTION_END };
	const struct command *command = NULL;
	char page[64];

	if (!cli_parse(cli, table))
		return cli->status;
	if (cli->count > 0) {
		command = command_find(cli->operands[0]);
		if (!command)
			return cli_no_command(cli, cli->operands[0]);
	}
	if (!command || command->internal)
		snprintf(page, sizeof(page), "savetool");
	else
		snprintf(page, sizeof(page), "savetool-%s", command->name);
	if (run_man("-w", page, true) == 0)
		return run_man("--", page, false) == 0 ? SAVETOOL_OK :
							 SAVETOOL_SYSTEM;
	if (command)
		return show_help(command);
	command_list();
	return SAVETOOL_OK;
}

const struct command command_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "show the manual page of a command",
	.least = 0,
	.most = 1,
	.internal = true,
	.run = run,
};
