/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Progress of a task: a bar on a terminal, lines for a program, one line on
 * SIGUSR1.  Its monitor also lets a signal stop the task.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "savetool.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct progress {
	bool wanted; /* --progress */
	int fd;      /* --progress-fd; -1: none */

	const char *subject; /* what is worked on */
	size_t part, parts;  /* which of how many images */
	bool bar;            /* draw one */
	bool drawn;          /* it is on the terminal now */
	int reported;        /* the last percentage written to fd */
	struct timespec began, drew;
	struct savetool_monitor monitor;
};

/* clang-format off */
#define PROGRESS_INIT { .fd = -1, .reported = -1 }
#define OPTIONS_PROGRESS(progress)                                             \
	{ 'p', "progress", NULL, take_flag, &(progress)->wanted,               \
	  "show progress" },                                              \
	{ '\0', "progress-fd", "FD", take_progress_fd, &(progress)->fd,        \
	  "write progress to FD as lines like 42/100" }
/* clang-format on */

int take_progress_fd(void *target, const char *word,
		     struct savetool_error *err);

/* Begins part of parts; the monitor is valid until progress_end(). */
const struct savetool_monitor *progress_begin(struct progress *progress,
					      const char *subject, size_t part,
					      size_t parts);
void progress_end(struct progress *progress, bool done);

#endif
