/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output, and what becomes of the program without it. */
#include "config.h"

#include "stdout.h"

#include "savetool.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who stopped reading wants to hear nothing more. */
static void complain(int number)
{
	if (number == EPIPE)
		signals_die(SIGPIPE);
	fprintf(stderr, "savetool: cannot write to standard output%s%s\n",
		number ? ": " : "", number ? strerrordesc_np(number) : "");
}

/* What was too much for the buffer failed before, and errno still says why. */
void stdout_flush(void)
{
	if (!ferror(stdout) && fflush(stdout) == 0)
		return;
	complain(errno);
	exit(SAVETOOL_SYSTEM);
}

int stdout_close(int status)
{
	/* Nobody flushed behind it, and the reason is gone with errno. */
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return status;
	complain(errno);
	return status > SAVETOOL_SYSTEM ? status : SAVETOOL_SYSTEM;
}
