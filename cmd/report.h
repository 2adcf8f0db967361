/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts, given once, written as aligned text or as JSON.
 *
 * A fact has a key for JSON and a label for text; without one of them it is
 * left out there.  What is not known (NULL, SAVETOOL_UNKNOWN) is left out of
 * both. Nothing is written before report_commit.
 *
 * Text has a title on the left of each section, and beside it rows of a label
 * and a value, or a table whose head is made of the labels.
 */
#ifndef REPORT_H
#define REPORT_H

#include "savetool.h"

#include <stdbool.h>
#include <stdio.h>

struct report;

/* With several, JSON is an array of what is opened and committed. */
struct report *report_new(FILE *out, bool json, bool several);

void report_free(struct report *report);

/* The report of one image; path may be NULL. */
void report_open(struct report *report, const char *path);
void report_commit(struct report *report);
/* Behind the last image: writes what waits until then. */
void report_finish(struct report *report);

/* Else it is JSON. */
bool report_is_text(const struct report *report);

/* Exact numbers beside the rounded ones, from here on. */
void report_exact(struct report *report, bool exact);

/* A section of facts: an object. */
void report_section(struct report *report, const char *key, const char *title);

/*
 * A section of rows: an array of objects.  Columns is "lrr": to the left, to
 * the right.
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
/* An array of texts, ended by NULL; one row each. */
void report_words(struct report *report, const char *key, const char *label,
		  const char *const *words);

/* Only text: a line of its own, broken at blanks where it is too long. */
void report_line(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A long text, behind all the rest. */
void report_document(struct report *report, const char *key,
		     const char *document);

/* Only in JSON; in text it is on standard error.  The hint may be NULL. */
void report_error(struct report *report, const struct savetool_error *err,
		  const char *hint);

/* "107.9 MiB" */
#define REPORT_SIZE_TEXT 32
void report_size_text(uint64_t size, char text[REPORT_SIZE_TEXT]);

#endif
