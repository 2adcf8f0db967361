/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output, and what happens if it fails. */
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

/* A reader that has gone away wants no message. */
static void complain(int number)
{
	if (number == EPIPE)
		signals_die(SIGPIPE);
	fprintf(stderr, "savetool: cannot write to standard output%s%s\n",
		number ? ": " : "", number ? strerrordesc_np(number) : "");
}

/*
 * If a write failed before because the buffer was full, errno still says why.
 */
void stdout_flush(void)
{
	if (!ferror(stdout) && fflush(stdout) == 0)
		return;
	complain(errno);
	exit(SAVETOOL_SYSTEM);
}

int stdout_close(int status)
{
	/*
	 * Nobody flushed after that write, so the reason is no longer in errno.
	 */
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return status;
	complain(errno);
	return status > SAVETOOL_SYSTEM ? status : SAVETOOL_SYSTEM;
}
