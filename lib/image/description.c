/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory that a struct savetool_info points to. */
#include "config.h"

#include "image/description.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/domain_xml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void description_free(struct description *description)
{
	if (!description)
		return;
	for (size_t i = 0; i < description->string_count; i++)
		free(description->strings[i]);
	free(description->strings);
	free(description->blocks);
	free(description->devices);
	free(description->capabilities);
	free(description->sections);
	free(description->files);
	free(description->findings);
	domain_xml_free(description->domain);
	free(description);
}

const char *description_keep(struct description *description, const char *text)
{
	char **strings =
		reallocarray(description->strings,
			     description->string_count + 1, sizeof(*strings));
	char *copy;

	if (!strings)
		return NULL;
	description->strings = strings;
	copy = strdup(text);
	if (copy)
		strings[description->string_count++] = copy;
	return copy;
}

/* Replaces a string, if it is not NULL, by the description's own copy. */
static bool keep(struct description *description, const char **text)
{
	const char *copy;

	if (!*text)
		return true;
	copy = description_keep(description, *text);
	if (copy)
		*text = copy;
	return copy != NULL;
}

/* What such a hint asks for is refused for an image whose header says Part. */
static bool hint_writes(enum savetool_hint hint)
{
	switch (hint) {
	case SAVETOOL_HINT_CONVERT:
	case SAVETOOL_HINT_CONVERT_SPARSE:
	case SAVETOOL_HINT_CONVERT_TWICE:
	case SAVETOOL_HINT_SPARSIFY:
	case SAVETOOL_HINT_COMPACT:
	case SAVETOOL_HINT_DROP_PROXMOX:
		return true;
	default:
		return false;
	}
}

int description_report(struct description *description,
		       const struct savetool_finding *finding,
		       struct savetool_error *err, const char *format, ...)
{
	const struct savetool_header *header = description->info.header;
	size_t count = description->info.finding_count;
	struct savetool_finding *findings = reallocarray(
		description->findings, count + 1, sizeof(*findings));
	char text[512];
	va_list arguments;

	if (!findings)
		return fail_memory(err);
	description->findings = findings;
	description->info.findings = findings;
	findings[count] = *finding;
	if (header && !header->complete && hint_writes(finding->hint))
		findings[count].hint = SAVETOOL_HINT_NONE;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	findings[count].message = text;
	if (!keep(description, &findings[count].message) ||
	    !keep(description, &findings[count].block) ||
	    !keep(description, &findings[count].section))
		return fail_memory(err);
	description->info.finding_count++;
	return 0;
}
