/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts, given once, printed as aligned text or as JSON.
 *
 * A fact has a key for JSON and a label for text; if one of them is NULL, the
 * fact is left out there.  Unknown values (NULL, SAVETOOL_UNKNOWN) are left out
 * of both.  Nothing is written before report_commit().
 *
 * Text has a title on the left of each section, and beside it rows of a label
 * and a value, or a table with the labels as its head.
 */
#ifndef REPORT_H
#define REPORT_H

#include "savetool.h"

#include <stdbool.h>
#include <stdio.h>

struct report;

/*
 * With several, JSON is an array of the reports that are opened and committed.
 */
struct report *report_new(FILE *out, bool json, bool several);

/* There are several after all; before the first one is opened. */
void report_several(struct report *report);

void report_free(struct report *report);

/* The report of one image; path may be NULL. */
void report_open(struct report *report, const char *path);
void report_commit(struct report *report);
/* After the last image: writes what has waited for it. */
void report_finish(struct report *report);

/* False: it is JSON. */
bool report_is_text(const struct report *report);

/* From here on, prints exact numbers beside the rounded ones. */
void report_exact(struct report *report, bool exact);

/* A section of facts; in JSON an object. */
void report_section(struct report *report, const char *key, const char *title);

/*
 * A section of rows; in JSON an array of objects.  Columns is "lrr": aligned
 * left or right.
 */
void report_table(struct report *report, const char *key, const char *title,
		  const char *columns);
void report_row(struct report *report);

/* Closes the section or the table. */
void report_close(struct report *report);

void report_text(struct report *report, const char *key, const char *label,
		 const char *value);
void report_flag(struct report *report, const char *key, const char *label,
		 bool value);
void report_number(struct report *report, const char *key, const char *label,
		   uint64_t value);
void report_bytes(struct report *report, const char *key, const char *label,
		  uint64_t value);
/* An array of strings, ended by NULL; one row each. */
void report_words(struct report *report, const char *key, const char *label,
		  const char *const *words);

/* Text only: a line of its own, wrapped at blanks if it is too long. */
void report_line(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A long text, after everything else. */
void report_document(struct report *report, const char *key,
		     const char *document);

/* Only in JSON; in text it is on standard error.  The hint may be NULL. */
void report_error(struct report *report, const struct savetool_error *err,
		  const char *hint);

/* "107.9 MiB" */
#define REPORT_SIZE_TEXT 32
void report_size_text(uint64_t size, char text[REPORT_SIZE_TEXT]);

#endif
