/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the machine type in the text of a domain XML.  The text has been parsed
 * before, so it is known to be well-formed, and is parsed again afterwards.
 */
#include "config.h"

#include "format/domain_edit.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/domain_xml.h"

#include <stdio.h>
#include <string.h>

/* The way to the element with the machine type. */
static const char *const way[] = { "domain", "os", "type" };
#define WAY_LENGTH (sizeof(way) / sizeof(*way))

static const char blanks[] = " \t\r\n";

static bool starts(const char *at, const char *with)
{
	return strncmp(at, with, strlen(with)) == 0;
}

/* The end of what ends with these characters; NULL: there is none. */
static const char *after(const char *at, const char *end)
{
	at = strstr(at, end);
	return at ? at + strlen(end) : NULL;
}

/* The end of a tag, whose attributes may have any character in their values. */
static const char *tag_end(const char *at)
{
	while (*at && *at != '>') {
		if (*at == '"' || *at == '\'') {
			at = strchr(at + 1, *at);
			if (!at)
				return NULL;
		}
		at++;
	}
	return *at ? at + 1 : NULL;
}

/* What starts with a '<', up to the end of its markup. */
static const char *skip(const char *at)
{
	if (starts(at, "<!--"))
		return after(at, "-->");
	if (starts(at, "<![CDATA["))
		return after(at, "]]>");
	if (starts(at, "<?"))
		return after(at, "?>");
	return tag_end(at);
}

static bool is_tag(const char *at, const char *name)
{
	size_t length = strlen(name);

	return strncmp(at, name, length) == 0 &&
	       strchr(" \t\r\n/>", at[length]);
}

/* The '<' of the first element that the way leads to, or NULL. */
static const char *find_type(const char *xml)
{
	size_t depth = 0,
	       found = 0; /* elements that are open, and on the way */
	const char *at = xml, *end;

	while ((at = strchr(at, '<'))) {
		end = skip(at);
		if (!end)
			return NULL;
		if (at[1] == '/') {
			depth--;
			found = found < depth ? found : depth;
		} else if (at[1] != '!' && at[1] != '?') {
			if (found == depth && is_tag(at + 1, way[depth]) &&
			    ++found == WAY_LENGTH)
				return at;
			depth += end[-2] != '/';
			found = found < depth ? found : depth;
		}
		at = end;
	}
	return NULL;
}

/* The quotes of an attribute's value in the tag; NULL: it has none. */
static const char *find_attribute(const char *tag, const char *name,
				  const char **end)
{
	const char *at = tag + strcspn(tag, " \t\r\n/>"), *start;
	size_t length;

	for (;;) {
		start = at += strspn(at, blanks);
		length = strcspn(at, " \t\r\n=/>");
		if (length == 0)
			return NULL;
		at += length;
		at += strspn(at, " \t\r\n=");
		*end = strchr(at + 1, *at);
		if ((*at != '"' && *at != '\'') || !*end)
			return NULL;
		if (length == strlen(name) && memcmp(start, name, length) == 0)
			return at;
		at = *end + 1;
	}
}

/* Does it say so now, to a reader who goes by the rules? */
static int require_machine(const char *xml, const char *machine,
			   struct savetool_error *err)
{
	struct domain_xml *domain;
	const char *found;
	bool right;

	if (domain_xml_parse(&domain, xml, err) < 0)
		return -1;
	found = domain_xml_guest(domain)->machine;
	right = machine ? found && strcmp(found, machine) == 0 : !found;
	domain_xml_free(domain);
	if (right)
		return 0;
	return fail(err, SAVETOOL_UNSUPPORTED,
		    "cannot find the machine type in the domain XML");
}

int domain_xml_set_machine(char **edited, const char *xml, const char *machine,
			   struct savetool_error *err)
{
	const char *type = find_type(xml), *value = NULL, *end;
	cleanup_free char *text = NULL;
	int size;

	if (type)
		value = find_attribute(type + 1, "machine", &end);
	if (value)
		size = asprintf(&text, "%.*s%s%s", (int)(value + 1 - xml), xml,
				machine, end);
	else
		size = asprintf(&text, "%s", xml);
	if (size < 0) {
		text = NULL;
		return fail_memory(err);
	}
	if (require_machine(text, value ? machine : NULL, err) < 0)
		return -1;
	*edited = steal(text);
	return 0;
}
