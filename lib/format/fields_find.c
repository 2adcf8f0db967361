/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paths of fields, their values, and a look-up by path. */
#include "config.h"

#include "format/fields_internal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct path {
	char *text;
	size_t length;
};

static void append(struct path *path, const char *text)
{
	size_t space = FIELDS_PATH_SIZE - 1 - path->length;
	size_t length = strnlen(text, space);

	memcpy(path->text + path->length, text, length);
	path->length += length;
	path->text[path->length] = '\0';
}

static void append_name(struct path *path, const char *name)
{
	if (path->length > 0)
		append(path, "/");
	append(path, name);
}

static void append_index(struct path *path, uint64_t index)
{
	char text[32];

	snprintf(text, sizeof(text), "[%" PRIu64 "]", index);
	append(path, text);
}

void fields_path(const struct fields_walk *walk, const struct field *field,
		 uint64_t element, char text[FIELDS_PATH_SIZE])
{
	struct path path = { .text = text };

	*text = '\0';
	for (unsigned i = 0; i < walk->depth; i++) {
		const struct fields_frame *frame = &walk->frames[i];
		bool last = i + 1 == walk->depth;

		if (frame->name)
			append_name(&path, frame->name);
		if (!frame->elements || (last && field->kind == FIELD_ARRAY))
			continue;
		append_index(&path, frame->index + (last ? element : 0));
	}
	if (field->kind == FIELD_VALUE && field->name)
		append_name(&path, field->name);
}

uint64_t field_number(const struct field *field, const uint8_t *bytes)
{
	bool is_signed = field->type == FIELD_SIGNED;

	switch (field->size) {
	case 1:
		return is_signed ? (uint64_t)(int8_t)*bytes : *bytes;
	case 2:
		return is_signed ? (uint64_t)(int16_t)get_be16(bytes) :
				   get_be16(bytes);
	case 4:
		return is_signed ? (uint64_t)(int32_t)get_be32(bytes) :
				   get_be32(bytes);
	case 8:
		return get_be64(bytes);
	default:
		return 0;
	}
}

static bool ends_in(const char *path, const char *wanted)
{
	size_t length = strlen(path), size = strlen(wanted);

	return length >= size && strcmp(path + length - size, wanted) == 0 &&
	       (length == size || path[length - size - 1] == '/');
}

/* The number in square brackets that this path ends in, if it does. */
static bool last_index(const char *path, uint64_t *index)
{
	const char *bracket = strrchr(path, '[');
	char *end;

	if (!bracket || bracket[1] < '0' || bracket[1] > '9')
		return false;
	*index = strtoull(bracket + 1, &end, 10);
	return strcmp(end, "]") == 0;
}

/* QEMU numbers fields of one name: the first of them is "config[0]". */
static bool is_numbered(char *path, const char *wanted)
{
	uint64_t index;

	if (!last_index(path, &index) || last_index(wanted, &index))
		return false;
	*strrchr(path, '[') = '\0';
	return ends_in(path, wanted);
}

static const struct savetool_device *find_device(const struct tail *tail,
						 const char *section,
						 uint32_t instance)
{
	for (unsigned i = 0; i < tail->device_count; i++)
		if (tail->devices[i].instance == instance &&
		    ends_in(tail->devices[i].name, section))
			return &tail->devices[i];
	return NULL;
}

bool fields_section(const struct tail *tail, const char *section,
		    uint32_t instance, uint64_t *offset, uint64_t *length)
{
	const struct savetool_device *device =
		find_device(tail, section, instance);

	if (!device)
		return false;
	*offset = device_state(device);
	*length = device->length;
	return true;
}

/* Makes the field the element that is wanted, if it has that. */
static bool matches_element(const struct fields_walk *walk, struct field *field,
			    const char *wanted)
{
	const struct fields_frame *frame = &walk->frames[walk->depth - 1];
	char path[FIELDS_PATH_SIZE];
	uint64_t index;

	if (!last_index(wanted, &index) || index < frame->index ||
	    index - frame->index >= field->count)
		return false;
	fields_path(walk, field, index - frame->index, path);
	if (!ends_in(path, wanted))
		return false;
	field->offset += (index - frame->index) * field->size;
	field->count = 1;
	return true;
}

/* An array that is wanted as a whole: the elements after the first. */
static int take_array(struct fields_walk *walk, struct field *field,
		      struct savetool_error *err)
{
	struct field next;
	int more = fields_next(walk, field, err);

	if (more <= 0 || field->kind != FIELD_VALUE)
		return more < 0 ? -1 : 0;
	while ((more = fields_next(walk, &next, err)) > 0 &&
	       next.kind == FIELD_VALUE && next.size == field->size &&
	       next.type == field->type)
		field->count += next.count;
	return more < 0 ? -1 : 1;
}

static int find_in(struct fields_walk *walk, struct field *field,
		   const char *wanted, struct savetool_error *err)
{
	char path[FIELDS_PATH_SIZE];
	int more;

	while ((more = fields_next(walk, field, err)) > 0) {
		bool element = field->kind == FIELD_VALUE && field->array;

		if (element && matches_element(walk, field, wanted))
			return 1;
		if (element ||
		    (field->kind != FIELD_VALUE && field->kind != FIELD_ARRAY))
			continue;
		fields_path(walk, field, 0, path);
		if (ends_in(path, wanted) || is_numbered(path, wanted))
			return field->kind == FIELD_VALUE ?
				       1 :
				       take_array(walk, field, err);
	}
	return more;
}

int fields_find(struct field *field, const struct fields *fields,
		const struct tail *tail, const char *section, uint32_t instance,
		const char *path, struct savetool_error *err)
{
	const struct savetool_device *device =
		find_device(tail, section, instance);
	struct fields_walk walk;
	bool described;
	int found;

	if (!device)
		return 0;
	if (fields_begin(&walk, &described, fields, tail->in, device->name,
			 instance, device_state(device), device->length,
			 err) < 0)
		return -1;
	found = find_in(&walk, field, path, err);
	fields_end(&walk);
	return found;
}

int fields_find_bytes(void *bytes, size_t most, size_t *size,
		      const struct fields *fields, const struct tail *tail,
		      const char *section, uint32_t instance, const char *path,
		      struct savetool_error *err)
{
	struct field field;
	int found =
		fields_find(&field, fields, tail, section, instance, path, err);

	*size = 0;
	if (found <= 0)
		return found;
	*size = field.size * field.count;
	return input_read_exactly(tail->in, bytes, *size < most ? *size : most,
				  field.offset, err);
}

int fields_find_number(uint64_t *number, const struct fields *fields,
		       const struct tail *tail, const char *section,
		       uint32_t instance, const char *path,
		       struct savetool_error *err)
{
	struct field field;
	uint8_t bytes[8];
	int found =
		fields_find(&field, fields, tail, section, instance, path, err);

	*number = SAVETOOL_UNKNOWN;
	if (found <= 0)
		return found;
	if (field.type == FIELD_BYTES || field.type == FIELD_NULL)
		return 0;
	if (input_read_exactly(tail->in, bytes, field.size, field.offset, err) <
	    0)
		return -1;
	*number = field_number(&field, bytes);
	return 0;
}
