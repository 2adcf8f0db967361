/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings, as facts of a report. */
#include "config.h"

#include "finding.h"

#include "hint.h"
#include "place.h"

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
	report_text(report, "hint", NULL, hint_words(finding->hint));
}

void finding_line(char text[FINDING_LINE],
		  const struct savetool_finding *finding)
{
	char place[PLACE_TEXT];

	place_of_finding(place, finding);
	snprintf(text, FINDING_LINE, "%s (%s%s%s)", finding->message,
		 finding->code, place[0] ? ", " : "", place);
}

bool finding_has_hint(const struct savetool_finding *findings, size_t index)
{
	if (!hint_words(findings[index].hint))
		return false;
	for (size_t i = 0; i < index; i++)
		if (strcmp(findings[i].code, findings[index].code) == 0)
			return false;
	return true;
}

static void show(struct report *report, const struct savetool_finding *findings,
		 size_t index)
{
	const struct savetool_finding *finding = &findings[index];
	char line[FINDING_LINE];

	finding_line(line, finding);
	report_line(report, "%s: %s", finding_severity(finding->severity),
		    line);
	if (finding_has_hint(findings, index))
		report_line(report, "hint: %s", hint_words(finding->hint));
}

void finding_show_all(struct report *report, const struct savetool_info *info)
{
	report_table(report, "findings", "findings", "");
	for (size_t i = 0; i < info->finding_count; i++) {
		finding_put(report, &info->findings[i]);
		show(report, info->findings, i);
	}
	report_close(report);
}
