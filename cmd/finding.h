/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings, as facts of a report. */
#ifndef FINDING_H
#define FINDING_H

#include "report.h"
#include "savetool.h"

/* "note", "warning", "error" */
const char *finding_severity(enum savetool_severity severity);

/*
 * "code, block pc.ram, at byte 7, 12 bytes": exact where it is a place, for
 * who goes there; what has none is an amount, "code, 51.1 MiB".  It stands
 * behind the message, and leaves out what that has already.
 */
#define FINDING_PLACE 512
void finding_place(char text[FINDING_PLACE],
		   const struct savetool_finding *finding);

/* A row of a table; more about it may follow. */
void finding_put(struct report *report, const struct savetool_finding *finding);

/* All of them, in a section of their own. */
void finding_show_all(struct report *report, const struct savetool_info *info);

#endif
