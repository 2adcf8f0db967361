/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child process that filters bytes. */
#ifndef CODEC_CHILD_H
#define CODEC_CHILD_H

#include "savetool.h"

#include <sys/types.h>

struct child {
	pid_t pid;      /* 0: it has been waited for */
	int to, from;   /* -1: closed */
	int complaints; /* its standard error, a file in memory */
};

/*
 * Starts arguments[0], found in PATH, with an empty environment.
 * SAVETOOL_UNSUPPORTED if there is no such program.
 */
int child_start(struct child *child, const char *const arguments[],
		struct savetool_error *err);

enum child_ready { CHILD_TAKES, CHILD_GIVES };

/*
 * Waits until the child takes bytes, or gives some, or has ended (which also
 * counts as GIVES).
 */
int child_ready(struct child *child, enum child_ready *ready,
		struct savetool_error *err);

/*
 * Writes some of the bytes.  A child that takes no more is not a failure yet.
 */
ssize_t child_write(struct child *child, const void *data, size_t size,
		    struct savetool_error *err);

/* Closes its input: no more bytes will come. */
void child_no_more(struct child *child);

/* Reads some of its output; 0 at the end. */
ssize_t child_read(struct child *child, void *data, size_t size,
		   struct savetool_error *err);

/*
 * Waits for its exit status (128 and more: killed by a signal) and copies the
 * beginning of its standard error.
 */
int child_wait(struct child *child, int *status, char *complaint, size_t size,
	       struct savetool_error *err);

/* Kills it, unless it has been waited for. */
void child_release(struct child *child);

#endif
