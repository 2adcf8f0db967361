/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings, as facts of a report. */
#include "config.h"

#include "finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *finding_severity(enum savetool_severity severity)
{
	switch (severity) {
	case SAVETOOL_NOTE:
		return "note";
	case SAVETOOL_WARNING:
		return "warning";
	case SAVETOOL_PROBLEM:
		break;
	}
	return "error";
}

void finding_put(struct report *report, const struct savetool_finding *finding)
{
	report_row(report);
	report_text(report, "code", NULL, finding->code);
	report_text(report, "severity", NULL,
		    finding_severity(finding->severity));
	report_text(report, "message", NULL, finding->message);
	report_text(report, "block", NULL, finding->block);
	report_number(report, "page", NULL,
		      finding->pages > 0 ? finding->page : SAVETOOL_UNKNOWN);
	report_number(report, "pages", NULL,
		      finding->pages > 0 ? finding->pages : SAVETOOL_UNKNOWN);
	report_text(report, "section", NULL, finding->section);
	report_number(report, "instance", NULL,
		      finding->section ? finding->instance : SAVETOOL_UNKNOWN);
	report_number(report, "offset", NULL, finding->offset);
	report_number(report, "length", NULL, finding->length);
	report_text(report, "remedy", NULL, finding->hint);
}

/* Whole words: "byte 7" is not in "byte 72". */
static bool has_words(const char *text, const char *words)
{
	size_t length = strlen(words);

	while ((text = strstr(text, words))) {
		text += length;
		if (*text < '0' || *text > '9')
			return true;
	}
	return false;
}

static bool names_block(const struct savetool_finding *finding)
{
	char words[FINDING_PLACE];

	snprintf(words, sizeof(words), "block '%s'", finding->block);
	return has_words(finding->message, words);
}

static bool names_offset(const struct savetool_finding *finding)
{
	char words[32];

	snprintf(words, sizeof(words), "byte %" PRIu64, finding->offset);
	return has_words(finding->message, words);
}

void finding_place(char text[FINDING_PLACE],
		   const struct savetool_finding *finding)
{
	bool placed = finding->offset != SAVETOOL_UNKNOWN;
	bool sized = finding->length != SAVETOOL_UNKNOWN && finding->length > 0;
	const char *block = finding->block;
	char at[48] = "", size[48] = "";

	if (block && names_block(finding))
		block = NULL;
	if (placed && !names_offset(finding))
		snprintf(at, sizeof(at), ", at byte %" PRIu64, finding->offset);
	if (sized && placed)
		snprintf(size, sizeof(size), "%" PRIu64 " bytes",
			 finding->length);
	else if (sized)
		report_size_text(finding->length, size);
	snprintf(text, FINDING_PLACE, "%s%s%s%s%s%s", finding->code,
		 block ? ", block " : "", block ? block : "", at,
		 sized ? ", " : "", size);
}

static void show(struct report *report, const struct savetool_finding *finding)
{
	char place[FINDING_PLACE];

	finding_place(place, finding);
	report_line(report, "%s: %s (%s)", finding_severity(finding->severity),
		    finding->message, place);
	if (finding->hint)
		report_line(report, "what helps: %s", finding->hint);
}

void finding_show_all(struct report *report, const struct savetool_info *info)
{
	report_table(report, "findings", "findings", "");
	for (size_t i = 0; i < info->finding_count; i++) {
		finding_put(report, &info->findings[i]);
		show(report, &info->findings[i]);
	}
	report_close(report);
}
