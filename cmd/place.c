/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in an image something is, as text. */
#include "config.h"

#include "place.h"

#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends one part, after a comma if there are others. */
static void add(char text[PLACE_TEXT], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char text[PLACE_TEXT], const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	if (used > 0)
		used += snprintf(text + used, PLACE_TEXT - used, ", ");
	va_start(arguments, format);
	vsnprintf(text + used, PLACE_TEXT - used, format, arguments);
	va_end(arguments);
}

static void add_pages(char text[PLACE_TEXT], uint64_t page, uint64_t pages)
{
	if (pages == 1)
		add(text, "page %" PRIu64, page);
	else if (pages > 1)
		add(text, "pages %" PRIu64 "-%" PRIu64, page, page + pages - 1);
}

static void add_offset(char text[PLACE_TEXT], uint64_t offset)
{
	if (offset != SAVETOOL_UNKNOWN)
		add(text, "at byte %" PRIu64, offset);
}

void place_of_error(char text[PLACE_TEXT], const struct savetool_error *err)
{
	text[0] = '\0';
	if (err->block[0])
		add(text, "block '%s'", err->block);
	add_pages(text, err->page, err->page != SAVETOOL_UNKNOWN);
	add_offset(text, err->offset);
}

void place_of_finding(char text[PLACE_TEXT],
		      const struct savetool_finding *finding)
{
	bool sized = finding->length != SAVETOOL_UNKNOWN && finding->length > 0;
	char size[REPORT_SIZE_TEXT];

	text[0] = '\0';
	if (finding->block)
		add(text, "block '%s'", finding->block);
	add_pages(text, finding->page, finding->pages);
	add_offset(text, finding->offset);
	if (!sized)
		return;
	if (finding->offset != SAVETOOL_UNKNOWN) {
		add(text, "%" PRIu64 " bytes", finding->length);
	} else {
		report_size_text(finding->length, size);
		add(text, "%s", size);
	}
}
