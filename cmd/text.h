/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in sections: a title on the left, rows of aligned cells beside it.  All
 * text is escaped here.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stdio.h>

struct text;

struct text *text_new(void);
void text_free(struct text *text);

void text_section(struct text *text, const char *title);
/* columns: 'l' or 'r' for each, the alignment of its cells. */
void text_table(struct text *text, const char *title, const char *columns);
void text_row(struct text *text);

/*
 * In a section: a row of label and value, left out if the value is NULL.  In a
 * table: the next cell of the row.  extra follows the value, in a section only;
 * it may be NULL.
 */
void text_cell(struct text *text, const char *label, const char *value,
	       const char *extra);

/* In a section, or before the first one. */
void text_line(struct text *text, const char *line);
void text_close(struct text *text);
void text_document(struct text *text, const char *document);

/*
 * Writes what was gathered, if anything, and starts anew.  blank_line: with one
 * before it, if there are sections; lines alone stay together.
 */
bool text_write(struct text *text, FILE *out, bool blank_line);

#endif
