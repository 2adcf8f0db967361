/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes entries in the text of a vmdesc.  Parsing it and writing it again
 * would change its spelling, so the entry is found in the text itself, which
 * has been parsed before and is known to be JSON.
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

/* A piece of text. */
struct span {
	const char *start, *end;
};

/* Skips the string that starts here; json-c also accepts single quotes. */
static const char *skip_string(const char *at, const char *end)
{
	const char quote = *at;

	for (at++; at < end && *at != quote; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : end;
}

/* Skips the value that starts here: an object, an array, or a scalar. */
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

/*
 * How often the object, whose braces are in the span, has that key; *value is
 * the value of the last one.
 */
static unsigned find_value(struct span object, const char *key,
			   struct span *value)
{
	const char *at = object.start + 1, *end = object.end - 1;
	size_t length = strlen(key);
	unsigned count = 0;

	for (;;) {
		const char *name = skip_space(at, end);
		const char *after = skip_value(name, end);
		struct span next;

		if (after >= end)
			return count;
		next.start = skip_space(skip_space(after, end) + 1, end);
		next.end = skip_value(next.start, end);
		if ((size_t)(after - name) == length + 2 &&
		    memcmp(name + 1, key, length) == 0) {
			*value = next;
			count++;
		}
		at = skip_space(next.end, end);
		if (at >= end)
			return count;
		at++; /* the comma */
	}
}

/*
 * The first element of the array, or the next one after an element; at the end
 * an empty span.
 */
static struct span next_element(struct span array, const struct span *element)
{
	const char *end = array.end - 1;
	const char *at = element ? skip_space(element->end, end) : array.start;

	at = at < end ? skip_space(at + 1, end) : end;
	return (struct span){ at, skip_value(at, end) };
}

/* Has this object that value, in quotes, for the key? */
static bool is_named(struct span element, const char *key, const char *name)
{
	struct span value;

	return *element.start == '{' && find_value(element, key, &value) == 1 &&
	       (size_t)(value.end - value.start) == strlen(name) &&
	       memcmp(value.start, name, strlen(name)) == 0;
}

/* The array's element that is named so, or an empty span. */
static struct span find_named(struct span array, const char *key,
			      const char *name)
{
	struct span element = next_element(array, NULL);

	while (element.start < array.end - 1 && !is_named(element, key, name))
		element = next_element(array, &element);
	return element;
}

/* The same for a subsection. */
static struct span find_element(struct span array, const char *name)
{
	return find_named(array, "vmsd_name", name);
}

/* A piece of the text, and what replaces it. */
struct edit {
	struct span span;
	const char *with;
};

static bool is_empty(struct span span)
{
	return span.start == span.end;
}

/* Order matters: QEMU has capabilities before the UUID. */
static struct edit add_entry(struct span subsections)
{
	struct span span = find_element(subsections, UUID_NAME);

	span.end = span.start;
	if (skip_space(subsections.start + 1, subsections.end) ==
	    subsections.end - 1)
		return (struct edit){ span, MAPPED_ENTRY };
	if (*span.start != ']')
		return (struct edit){ span, MAPPED_ENTRY ", " };
	return (struct edit){ span, ", " MAPPED_ENTRY };
}

/* The comma before this, or NULL. */
static const char *comma_before(const char *at, const char *start)
{
	while (at > start && strchr(" \t\r\n", at[-1]))
		at--;
	return at > start && at[-1] == ',' ? at - 1 : NULL;
}

/* Removes one comma along with the element. */
static struct edit remove_entry(struct span subsections, struct span entry)
{
	const char *before = comma_before(entry.start, subsections.start);
	const char *after = skip_space(entry.end, subsections.end);

	if (*after == ',')
		entry.end = skip_space(after + 1, subsections.end);
	else if (before)
		entry.start = before;
	return (struct edit){ entry, "" };
}

/*
 * Removes the array and its key, as this is its only element: QEMU writes no
 * empty one.
 */
static struct edit remove_only_entry(struct span configuration,
				     struct span subsections, struct span entry)
{
	const char *key = subsections.start;

	while (key > configuration.start && !strchr(",{", key[-1]))
		key--;
	if (key[-1] != ',') /* nothing else is in the configuration */
		return (struct edit){ entry, "" };
	subsections.start = key - 1;
	return (struct edit){ subsections, "" };
}

/* An entry that appears twice, or not as QEMU writes it, is left alone. */
static struct edit set_entry(struct span configuration, bool mapped)
{
	const struct edit nothing = { .with = NULL };
	struct span subsections, entry, rest;
	const char *end = configuration.end - 1;
	unsigned count = find_value(configuration, "subsections", &subsections);

	if (count == 0) {
		if (!mapped || skip_space(configuration.start + 1, end) == end)
			return nothing;
		return (struct edit){ { end, end },
				      SUBSECTIONS MAPPED_ENTRY "]" };
	}
	if (count > 1 || *subsections.start != '[')
		return nothing;
	entry = find_element(subsections, CAPABILITIES_NAME);
	if (is_empty(entry) != mapped)
		return nothing;
	if (mapped)
		return add_entry(subsections);
	rest = (struct span){ entry.end, subsections.end };
	if (!is_empty(find_element(rest, CAPABILITIES_NAME)))
		return nothing;
	if (skip_space(subsections.start + 1, entry.start) == entry.start &&
	    skip_space(entry.end, subsections.end) == subsections.end - 1)
		return remove_only_entry(configuration, subsections, entry);
	return remove_entry(subsections, entry);
}

/* Makes the text with that edit. */
static int apply(char **edited, size_t *edited_size, struct span all,
		 struct edit edit, struct savetool_error *err)
{
	size_t before = edit.span.start - all.start;
	size_t after = all.end - edit.span.end, length = strlen(edit.with);
	char *result = malloc(before + length + after + 1);

	if (!result)
		return fail_memory(err);
	memcpy(result, all.start, before);
	memcpy(result + before, edit.with, length);
	memcpy(result + before + length, edit.span.end, after);
	result[before + length + after] = '\0';
	*edited = result;
	*edited_size = before + length + after;
	return 0;
}

/* The object that describes the configuration section; false: there is none. */
static bool find_configuration(struct span *configuration, struct span all)
{
	struct span object = { skip_space(all.start, all.end), all.end };

	object.end = skip_value(object.start, all.end);
	return object.start < all.end && *object.start == '{' &&
	       find_value(object, "configuration", configuration) == 1 &&
	       *configuration->start == '{';
}

int vmdesc_set_mapped(char **edited, size_t *edited_size, const char *json,
		      size_t size, bool mapped, struct savetool_error *err)
{
	struct span all = { json, json + size }, configuration;
	struct edit edit = { .with = NULL };

	if (find_configuration(&configuration, all))
		edit = set_entry(configuration, mapped);
	if (!edit.with)
		edit = (struct edit){ { all.end, all.end }, "" };
	return apply(edited, edited_size, all, edit, err);
}

/* Its field with the name of the machine type has that name's length. */
static bool find_machine(struct span *length, struct span all)
{
	struct span configuration, fields, field;

	if (!find_configuration(&configuration, all) ||
	    find_value(configuration, "fields", &fields) != 1 ||
	    *fields.start != '[')
		return false;
	field = find_named(fields, "name", "\"name\"");
	return !is_empty(field) && find_value(field, "size", length) == 1;
}

int vmdesc_set_machine(char **edited, size_t *edited_size, const char *json,
		       size_t size, size_t length, struct savetool_error *err)
{
	struct span all = { json, json + size }, number;
	struct edit edit = { { all.end, all.end }, "" };
	char text[24];

	snprintf(text, sizeof(text), "%zu", length);
	if (find_machine(&number, all))
		edit = (struct edit){ number, text };
	return apply(edited, edited_size, all, edit, err);
}

/* The braces or brackets of the text's own object. */
static struct span whole_object(struct span all)
{
	const char *start = skip_space(all.start, all.end);

	return (struct span){ start, skip_value(start, all.end) };
}

int vmdesc_drop_device(char **edited, size_t *edited_size, const char *json,
		       size_t size, unsigned device, struct savetool_error *err)
{
	const struct span all = { json, json + size };
	struct span devices, element;

	if (size == 0 ||
	    find_value(whole_object(all), "devices", &devices) != 1)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "vmdesc lists its devices twice");
	element = next_element(devices, NULL);
	for (unsigned i = 0; i < device; i++)
		element = next_element(devices, &element);
	return apply(edited, edited_size, all, remove_entry(devices, element),
		     err);
}
