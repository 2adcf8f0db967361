/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All images that a command was given, one after another: one report, progress
 * from the first to the last, and the worst exit status.
 */
#ifndef IMAGES_H
#define IMAGES_H

#include "cli.h"
#include "progress.h"
#include "report.h"

/* The first member of a command's own state. */
struct images {
	struct cli *cli; /* its operands are the images */
	struct progress progress;
	struct report *report; /* while an image is being worked on */
	size_t part;           /* index of that operand */
	bool several;          /* images, or members of an archive */

	/* Of the image being worked on. */
	const char *path;   /* of its file, if that is not its own name */
	const char *member; /* its name in an archive; or NULL */
};

/* clang-format off */
#define IMAGES_INIT(its_cli) { .cli = (its_cli), .progress = PROGRESS_INIT }

/* What changes an image in place, or makes a copy of it instead. */
#define OPTIONS_COPY(copy, force)                                              \
	{ '\0', "copy", "DEST", take_text, copy,                               \
	  "leave IMAGE as it is, and write DEST" },                            \
	{ 'f', "force", NULL, take_flag, force,                                \
	  "replace DEST if it exists" }
/* clang-format on */

/* Returns the exit status. */
typedef int (*image_task)(struct images *images, const char *path);

/*
 * Calls one for each image, unless a signal stops it: SAVETOOL_CANCELLED.  Then
 * calls afterwards, which reports about all of them; may be NULL.
 */
int images_each(struct images *images, image_task one,
		void (*afterwards)(struct images *images));

/* How a command that only reads works on an image. */
struct images_task {
	/* Returns the exit status; the image is closed afterwards. */
	int (*one)(struct images *images, struct savetool_image *image,
		   const char *name, const struct savetool_monitor *monitor);

	/* It could not be opened.  NULL: as images_fail(). */
	int (*unopened)(struct images *images, const char *name,
			const struct savetool_error *err);
};

/*
 * The same for every image that the operands have in them: an archive can have
 * several, of the names ARCHIVE::MEMBER.  progress_end() is left to the task.
 */
int images_read(struct images *images, const struct images_task *task,
		const struct savetool_open_options *open,
		void (*afterwards)(struct images *images));

/* As progress_begin(), for the image being worked on. */
const struct savetool_monitor *images_begin(struct images *images,
					    const char *path);

/* As report_open(), for the image being worked on. */
void images_report(struct images *images, const char *name);

/* An image of which nothing is reported but this.  The exit status. */
int images_fail(struct images *images, const char *path,
		const struct savetool_error *err);

/* Ends an image's report.  err is why it is not complete, or NULL. */
void images_commit(struct images *images, const char *path,
		   const struct savetool_error *err);

/*
 * What contradicts itself in the words of a command that changes files in
 * place, or makes a copy (NULL: none) of the only one; NULL: nothing does.
 */
const char *images_copy_problem(const struct cli *cli, const char *copy,
				bool force, bool dry_run);

#endif
