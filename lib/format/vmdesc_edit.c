/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes one entry in the text of a vmdescription.  Parsing and writing it
 * again would change its spelling; so places are found in the text itself,
 * which has been parsed, and is JSON, before.
 */
#include "config.h"

#include "format/vmdesc.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* As QEMU 10 and 11 write it; the size is that of "\012mapped-ram". */
#define MAPPED_ENTRY                                                           \
	"{\"vmsd_name\": \"configuration/capabilities\", \"version\": 1, "     \
	"\"fields\": [{\"name\": \"caps_count\", \"type\": \"uint32\", "       \
	"\"size\": 4}, {\"name\": \"capabilities\", "                          \
	"\"type\": \"capability\", \"size\": 11}]}"
#define CAPABILITIES_NAME "\"configuration/capabilities\""
#define UUID_NAME "\"configuration/uuid\""
#define SUBSECTIONS ", \"subsections\": ["

/* A stretch of text. */
struct span {
	const char *start, *end;
};

/* Behind the string that starts here; json-c also takes single quotes. */
static const char *skip_string(const char *at, const char *end)
{
	const char quote = *at;

	for (at++; at < end && *at != quote; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : end;
}

/* Behind the value that starts here: an object, an array, or a scalar. */
static const char *skip_value(const char *at, const char *end)
{
	unsigned depth = 0;

	while (at < end) {
		if (*at == '"' || *at == '\'') {
			at = skip_string(at, end);
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			if (depth == 0)
				return at;
			depth--;
			at++;
		} else if (*at == ',' && depth == 0) {
			return at;
		} else {
			at++;
			continue;
		}
		if (depth == 0)
			return at;
	}
	return end;
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at))
		at++;
	return at;
}

/* The value that key has in the object, whose braces are in the span. */
static bool find_value(struct span object, const char *key, struct span *value)
{
	const char *at = object.start + 1, *end = object.end - 1;
	size_t length = strlen(key);

	for (;;) {
		const char *name = skip_space(at, end);
		const char *behind = skip_value(name, end);

		if (behind >= end)
			return false;
		value->start = skip_space(skip_space(behind, end) + 1, end);
		value->end = skip_value(value->start, end);
		if ((size_t)(behind - name) == length + 2 &&
		    memcmp(name + 1, key, length) == 0)
			return true;
		at = skip_space(value->end, end);
		if (at >= end)
			return false;
		at++; /* the comma */
	}
}

/* The array's element that has this text, or none: an empty span. */
static struct span find_element(struct span array, const char *needle)
{
	const char *at = skip_space(array.start + 1, array.end);

	while (at < array.end - 1) {
		struct span element = { at, skip_value(at, array.end - 1) };

		if (memmem(element.start, element.end - element.start, needle,
			   strlen(needle)))
			return element;
		at = skip_space(element.end, array.end - 1);
		at = skip_space(at + 1, array.end - 1);
	}
	return (struct span){ array.end - 1, array.end - 1 };
}

/* The text with a part of it replaced. */
static int replace(char **edited, size_t *edited_size, struct span all,
		   struct span part, const char *with, struct st_error *err)
{
	size_t before = part.start - all.start, after = all.end - part.end;
	size_t length = strlen(with);
	char *result = malloc(before + length + after + 1);

	if (!result)
		return fail_memory(err);
	memcpy(result, all.start, before);
	memcpy(result + before, with, length);
	memcpy(result + before + length, part.end, after);
	result[before + length + after] = '\0';
	*edited = result;
	*edited_size = before + length + after;
	return 0;
}

/* Order matters: QEMU has capabilities before the UUID. */
static int add_mapped(char **edited, size_t *edited_size, struct span all,
		      struct span configuration, struct st_error *err)
{
	struct span subsections, place;

	if (!find_value(configuration, "subsections", &subsections)) {
		place.start = place.end = configuration.end - 1;
		return replace(edited, edited_size, all, place,
			       SUBSECTIONS MAPPED_ENTRY "]", err);
	}
	place = find_element(subsections, CAPABILITIES_NAME);
	if (place.start != place.end) /* there already */
		return replace(edited, edited_size, all,
			       (struct span){ all.end, all.end }, "", err);
	place = find_element(subsections, UUID_NAME);
	place.end = place.start;
	if (skip_space(subsections.start + 1, subsections.end) ==
	    subsections.end - 1)
		return replace(edited, edited_size, all, place, MAPPED_ENTRY,
			       err);
	if (*place.start != ']')
		return replace(edited, edited_size, all, place,
			       MAPPED_ENTRY ", ", err);
	return replace(edited, edited_size, all, place, ", " MAPPED_ENTRY, err);
}

/* An array that only had this goes with it, and so does one comma. */
static int remove_mapped(char **edited, size_t *edited_size, struct span all,
			 struct span configuration, struct st_error *err)
{
	struct span subsections, place = { all.end, all.end };
	const char *before, *behind;

	if (!find_value(configuration, "subsections", &subsections))
		return replace(edited, edited_size, all, place, "", err);
	place = find_element(subsections, CAPABILITIES_NAME);
	if (place.start == place.end)
		return replace(edited, edited_size, all, place, "", err);
	before = place.start;
	behind = skip_space(place.end, subsections.end);
	if (*behind == ',') {
		place.end = skip_space(behind + 1, subsections.end);
	} else {
		while (before > subsections.start && before[-1] != ',' &&
		       before[-1] != '[')
			before--;
		if (before[-1] == ',') {
			place.start = before - 1;
		} else {
			place.end = subsections.end;
			place.start = subsections.start;
			while (*place.start != ',' &&
			       place.start > configuration.start)
				place.start--;
		}
	}
	return replace(edited, edited_size, all, place, "", err);
}

int vmdesc_set_mapped(char **edited, size_t *edited_size, const char *json,
		      size_t size, bool mapped, struct st_error *err)
{
	struct span all = { json, json + size }, configuration;
	struct span object = { skip_space(json, all.end), all.end };

	object.end = skip_value(object.start, all.end);
	if (object.start == all.end || *object.start != '{' ||
	    !find_value(object, "configuration", &configuration) ||
	    *configuration.start != '{')
		return replace(edited, edited_size, all,
			       (struct span){ all.end, all.end }, "", err);
	if (mapped)
		return add_mapped(edited, edited_size, all, configuration, err);
	return remove_mapped(edited, edited_size, all, configuration, err);
}
