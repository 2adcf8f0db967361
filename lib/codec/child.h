/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that bytes are sent through. */
#ifndef CODEC_CHILD_H
#define CODEC_CHILD_H

#include "savetool.h"

#include <sys/types.h>

struct child {
	pid_t pid;      /* 0: it has been waited for */
	int to, from;   /* -1: closed */
	int complaints; /* what it wrote to standard error, a file in memory */
};

/*
 * Starts arguments[0], found in PATH, with an empty environment.  One that
 * is missing is SAVETOOL_UNSUPPORTED.
 */
int child_start(struct child *child, const char *const arguments[],
		struct savetool_error *err);

enum child_ready { CHILD_TAKES, CHILD_GIVES };

/* Waits until it takes bytes, or gives some, or has ended (also GIVES). */
int child_ready(struct child *child, enum child_ready *ready,
		struct savetool_error *err);

/* Some of the bytes.  A child that takes no more is nobody's failure yet. */
ssize_t child_write(struct child *child, const void *data, size_t size,
		    struct savetool_error *err);

/* Tells it that no more bytes will come. */
void child_no_more(struct child *child);

/* What it gives; 0 at the end. */
ssize_t child_read(struct child *child, void *data, size_t size,
		   struct savetool_error *err);

/*
 * Waits for its exit status (128 and more: by a signal), and tells the begin
 * of its complaints.
 */
int child_wait(struct child *child, int *status, char *complaint, size_t size,
	       struct savetool_error *err);

/* Ends it, if it has not been waited for. */
void child_release(struct child *child);

#endif
