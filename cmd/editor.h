/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets the user change a text in the editor of the environment. */
#ifndef EDITOR_H
#define EDITOR_H

#include "savetool.h"

#include <limits.h>

/*
 * A temporary file that only its owner can read.  Its name ends in ".xml", for
 * editors that go by that.
 */
struct editor {
	int fd;
	char path[PATH_MAX];
};

int editor_begin(struct editor *editor, struct savetool_error *err);

/*
 * Runs the editor: $VISUAL, $EDITOR, otherwise sensible-editor or vi.
 * SAVETOOL_CANCELLED if a signal came meanwhile.
 */
int editor_run(const struct editor *editor, struct savetool_error *err);

/* Removes the file.  One that has not begun is fine, if its fd is -1. */
void editor_end(struct editor *editor);

/*
 * Reads a file of text up to its end; "-": standard input.  SAVETOOL_USAGE if
 * it is longer than any XML, or is not text.  The caller frees it.
 */
int text_read(char **text, const char *path, struct savetool_error *err);

#endif
