/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings, as facts of a report. */
#ifndef FINDING_H
#define FINDING_H

#include "report.h"
#include "savetool.h"

/* "note", "warning", "error" */
const char *finding_severity(enum savetool_severity severity);

/*
 * "message (code, block 'pc.ram', at byte 7, 12 bytes)".  A message has up to
 * 512 bytes, and so has its place.
 */
#define FINDING_LINE 1088
void finding_line(char text[FINDING_LINE],
		  const struct savetool_finding *finding);

/* Among findings with the same code, the first one shows the hint. */
bool finding_has_hint(const struct savetool_finding *findings, size_t index);

/* Adds a row to a table; the caller may add more rows about it. */
void finding_put(struct report *report, const struct savetool_finding *finding);

/* Adds all findings in a section of their own. */
void finding_show_all(struct report *report, const struct savetool_info *info);

#endif
