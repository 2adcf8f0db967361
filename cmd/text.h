/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in sections: a title on the left, rows of aligned cells beside it.  All
 * text is escaped here.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stdio.h>

struct layout;

struct layout *layout_new(void);
void layout_free(struct layout *layout);

void layout_section(struct layout *layout, const char *title);
/* columns: 'l' or 'r' for each, the alignment of its cells. */
void layout_table(struct layout *layout, const char *title,
		  const char *columns);
void layout_row(struct layout *layout);

/*
 * In a section: a row of label and value, left out if the value is NULL.  In a
 * table: the next cell of the row.  extra follows the value, in a section only;
 * it may be NULL.
 */
void layout_cell(struct layout *layout, const char *label, const char *value,
		 const char *extra);

/* In a section, or before the first one. */
void layout_line(struct layout *layout, const char *line);
void layout_close(struct layout *layout);
void layout_document(struct layout *layout, const char *document);

/*
 * Writes what was gathered, if anything, and starts anew.  blank_line: with one
 * before it, if there are sections; lines alone stay together.
 */
bool layout_write(struct layout *layout, FILE *out, bool blank_line);

#endif
