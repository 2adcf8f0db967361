/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the headers, the domain XMLs, and the configurations. */
#include "config.h"

#include "compare/facts.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of a line of XML, so much is shown. */
#define LINE_SHOWN 120

static int compare_texts(struct comparison *comparison, const char *name,
			 const char *first, const char *second,
			 struct savetool_error *err)
{
	if (!first && !second)
		return 0;
	if (first && second && strcmp(first, second) == 0)
		return 0;
	return comparison_add_fact(comparison, name, first, second, err);
}

static int compare_numbers(struct comparison *comparison, const char *name,
			   uint64_t first, uint64_t second,
			   struct savetool_error *err)
{
	char a[24], b[24];

	if (first == second)
		return 0;
	snprintf(a, sizeof(a), "%" PRIu64, first);
	snprintf(b, sizeof(b), "%" PRIu64, second);
	return comparison_add_fact(comparison, name,
				   first == SAVETOOL_UNKNOWN ? NULL : a,
				   second == SAVETOOL_UNKNOWN ? NULL : b, err);
}

/* The line that a place in a text is in, without blanks at its start. */
static void copy_line(char line[LINE_SHOWN + 1], const char *text,
		      const char *place)
{
	size_t length;

	while (place > text && place[-1] != '\n')
		place--;
	place += strspn(place, " \t");
	length = strcspn(place, "\n");
	if (length > LINE_SHOWN)
		length = LINE_SHOWN;
	memcpy(line, place, length);
	line[length] = '\0';
}

/* The first line of each that differs. */
static int compare_documents(struct comparison *comparison, const char *name,
			     const char *first, const char *second,
			     struct savetool_error *err)
{
	char a[LINE_SHOWN + 1], b[LINE_SHOWN + 1];
	size_t same = 0;

	if (!first || !second)
		return compare_texts(comparison, name, first ? "yes" : NULL,
				     second ? "yes" : NULL, err);
	while (first[same] && first[same] == second[same])
		same++;
	if (first[same] == second[same])
		return 0;
	copy_line(a, first, first + same);
	copy_line(b, second, second + same);
	return comparison_add_fact(comparison, name, a, b, err);
}

static int compare_guests(struct comparison *comparison,
			  const struct savetool_guest *a,
			  const struct savetool_guest *b,
			  struct savetool_error *err)
{
	const struct {
		const char *name, *first, *second;
	} texts[] = {
		{ "name", a->name, b->name },
		{ "uuid", a->uuid, b->uuid },
		{ "arch", a->arch, b->arch },
		{ "machine", a->machine, b->machine },
		{ "cpu", a->cpu, b->cpu },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (compare_texts(comparison, texts[i].name, texts[i].first,
				  texts[i].second, err) < 0)
			return -1;
	if (compare_numbers(comparison, "memory", a->memory, b->memory, err) <
	    0)
		return -1;
	return compare_numbers(comparison, "vcpus", a->vcpus, b->vcpus, err);
}

static int compare_xml(struct comparison *comparison, const char *first,
		       const char *second, struct savetool_error *err)
{
	struct domain_xml *a = NULL, *b = NULL;
	struct savetool_error ignored;
	int result = 0;

	if (domain_xml_parse(&a, first, &ignored) == 0 &&
	    domain_xml_parse(&b, second, &ignored) == 0)
		result = compare_guests(comparison, domain_xml_guest(a),
					domain_xml_guest(b), err);
	domain_xml_free(a);
	domain_xml_free(b);
	return result < 0 ?
		       -1 :
		       compare_documents(comparison, "xml", first, second, err);
}

static int compare_headers(struct comparison *comparison,
			   const struct libvirt *first,
			   const struct libvirt *second,
			   struct savetool_error *err)
{
	if (!first && !second)
		return 0;
	if (!first || !second)
		return comparison_add_fact(comparison, "header",
					   first ? "libvirt" : NULL,
					   second ? "libvirt" : NULL, err);
	if (compare_numbers(comparison, "header-version", first->header.version,
			    second->header.version, err) < 0 ||
	    compare_texts(comparison, "state",
			  first->header.was_running ? "running" : "paused",
			  second->header.was_running ? "running" : "paused",
			  err) < 0 ||
	    compare_xml(comparison, first->xml, second->xml, err) < 0)
		return -1;
	return compare_documents(comparison, "cookie", first->cookie,
				 second->cookie, err);
}

static void format_uuid(char text[37], const struct configuration *from)
{
	char *at = text;

	for (unsigned i = 0; i < sizeof(from->uuid); i++)
		at += sprintf(at, "%s%02x",
			      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      from->uuid[i]);
}

static int compare_configurations(struct comparison *comparison,
				  const struct configuration *first,
				  const struct configuration *second,
				  struct savetool_error *err)
{
	char a[37], b[37];

	if (compare_texts(comparison, "stream-machine",
			  first->present ? first->machine : NULL,
			  second->present ? second->machine : NULL, err) < 0)
		return -1;
	format_uuid(a, first);
	format_uuid(b, second);
	return compare_texts(comparison, "stream-uuid",
			     first->has_uuid ? a : NULL,
			     second->has_uuid ? b : NULL, err);
}

int facts_compare(struct comparison *comparison, const struct side *first,
		  const struct side *second, struct savetool_error *err)
{
	if (compare_headers(comparison, first->image->libvirt,
			    second->image->libvirt, err) < 0)
		return -1;
	return compare_configurations(comparison,
				      &first->pass.stream.configuration,
				      &second->pass.stream.configuration, err);
}
