/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes text from images and file names safe to print. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Writes text so that it cannot control a terminal: control characters, those
 * that change the direction of writing, and invalid UTF-8 become \xNN or
 * \uNNNN.  With lines, newlines and tabs are kept.
 */
void escape_text(FILE *out, const char *text, bool lines);

/* A copy in which U+FFFD replaces invalid UTF-8; NULL: out of memory. */
char *escape_utf8(const char *text);

/* Writes finished JSON, in which the same characters become \uNNNN. */
void escape_json(FILE *out, const char *json);

#endif
