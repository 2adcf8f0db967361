/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of an image, as facts of a report. */
#ifndef FACTS_H
#define FACTS_H

#include "report.h"
#include "savetool.h"

/* "note", "warning", "error" */
const char *facts_severity(enum st_severity severity);

/*
 * "code, block pc.ram, at byte 7, 12 bytes": exact where it is a place, for
 * who goes there; what has none is an amount, "code, 51.1 MiB".
 */
#define FACTS_PLACE 512
void facts_place(char text[FACTS_PLACE], const char *code, const char *block,
		 uint64_t offset, uint64_t length);

/* A row of a table; more about it may follow. */
void facts_finding(struct report *report, const struct st_finding *finding);

/* Was a copy read back, and if so, its fingerprint. */
void facts_verified(struct report *report, bool verified,
		    const struct st_digest *digest);

struct facts_options {
	bool headline; /* of the text, only the first line */
	bool verbose;
	bool xml;
};

void facts_show(struct report *report, const char *path,
		const struct st_info *info,
		const struct facts_options *options);

#endif
