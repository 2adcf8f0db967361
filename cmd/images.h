/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All images that a command was given, one after another: one report of them,
 * progress from the first to the last, and the worst exit status counts.
 */
#ifndef IMAGES_H
#define IMAGES_H

#include "cli.h"
#include "progress.h"
#include "report.h"

/* The first member of what a command keeps for itself. */
struct images {
	struct cli *cli; /* whose operands they are */
	struct progress progress;
	struct report *report; /* while one is worked on */
	size_t part;           /* which that is, from 0 */
};

/* clang-format off */
#define IMAGES_INIT(its_cli) { .cli = (its_cli), .progress = PROGRESS_INIT }
/* clang-format on */

/* Returns the exit status. */
typedef int (*image_task)(struct images *images, const char *path);

/*
 * Calls one for each, until a signal wants an end: SAVETOOL_CANCELLED.  Else
 * behind follows, for what is told of all; NULL: nothing is.
 */
int images_each(struct images *images, image_task one,
		void (*behind)(struct images *images));

/* As progress_begin(), for the image that is worked on. */
const struct savetool_monitor *images_begin(struct images *images,
					    const char *path);

/* Ends an image's report.  err is why it is not all of it; NULL: it is. */
void images_commit(struct images *images, const char *path,
		   const struct savetool_error *err);

#endif
