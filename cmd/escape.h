/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from images and file names, made harmless for who reads it. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Writes text that cannot steer a terminal: control characters, those that
 * turn the direction of writing, and what is no UTF-8, become \xNN or \uNNNN.
 * With lines, ends of lines and tabs stay.
 */
void escape_text(FILE *out, const char *text, bool lines);

/* A copy in which U+FFFD stands for what is no UTF-8; NULL: no memory. */
char *escape_utf8(const char *text);

/* Writes finished JSON, in which the same characters become \uNNNN. */
void escape_json(FILE *out, const char *json);

#endif
