/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses what the vmdesc says about the sections. */
#include "config.h"

#include "format/vmdesc.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <json-c/json.h>
#include <string.h>

/* Subsections within subsections; QEMU's go three deep. */
#define DEPTH_LIMIT 64
#define LENGTH_LIMIT (UINT64_C(1) << 48)

#define VALUES_LIMIT 400000

static void put_json(struct json_object **object)
{
	json_object_put(*object);
}
#define cleanup_json __attribute__((cleanup(put_json)))

/* The number that key has, or otherwise. */
static uint64_t number(struct json_object *object, const char *key,
		       uint64_t otherwise)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return otherwise;
	return json_object_get_uint64(value);
}

/* The array that key has, or NULL. */
static struct json_object *array(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_array))
		return NULL;
	return value;
}

static const char *text(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

/* Adds the bytes of all fields.  A struct's size includes everything in it. */
static bool add_fields(struct json_object *description, uint64_t *length)
{
	struct json_object *fields = array(description, "fields");
	size_t count = fields ? json_object_array_length(fields) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *field =
			json_object_array_get_idx(fields, i);
		uint64_t size = number(field, "size", 0);
		uint64_t repeat = number(field, "array_len", 1);
		uint64_t bytes;

		if (__builtin_mul_overflow(size, repeat, &bytes) ||
		    bytes > LENGTH_LIMIT || *length > LENGTH_LIMIT)
			return false;
		*length += bytes;
	}
	return true;
}

static bool add_description(struct json_object *description, unsigned depth,
			    uint64_t *length)
{
	struct json_object *subsections = array(description, "subsections");
	size_t count = subsections ? json_object_array_length(subsections) : 0;

	if (depth == DEPTH_LIMIT || !add_fields(description, length))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct json_object *sub =
			json_object_array_get_idx(subsections, i);
		const char *name = text(sub, "vmsd_name");

		/* 05, length byte, name, 32-bit version */
		*length += 1 + 1 + (name ? strlen(name) : 0) + 4;
		if (!add_description(sub, depth + 1, length))
			return false;
	}
	return true;
}

static int read_device(struct vmdesc_device *device, struct json_object *object,
		       struct savetool_error *err)
{
	const char *name = text(object, "name");

	if (!name || !add_description(object, 0, &device->length))
		return fail(
			err, SAVETOOL_CORRUPT,
			"vmdesc has a device without a name, or with values "
			"out of range");
	device->instance = number(object, "instance_id", 0);
	device->name = strdup(name);
	return device->name ? 0 : fail_memory(err);
}

/*
 * json-c needs a hundred bytes or more for each value.  Real descriptions have
 * about one value in twenty bytes, but a text of nothing but brackets would
 * need a hundred times its own size.
 */
static bool is_reasonable(const char *json, size_t size)
{
	size_t values = 0;

	if (size > VMDESC_LIMIT)
		return false;
	for (size_t i = 0; i < size; i++)
		values += json[i] == ',' || json[i] == '{' || json[i] == '[';
	return values <= VALUES_LIMIT;
}

/*
 * Strict, because vmdesc_edit.c knows neither comments nor a second value after
 * the first.  Strings in single quotes are accepted nevertheless.
 */
static struct json_object *parse_json(const char *json, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_LIMIT);
	struct json_object *root = NULL;

	if (tokener && is_reasonable(json, size)) {
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
		root = json_tokener_parse_ex(tokener, json, size);
	}
	json_tokener_free(tokener);
	return root;
}

int vmdesc_parse(struct vmdesc **result, const char *json, size_t size,
		 struct savetool_error *err)
{
	cleanup_json struct json_object *root = parse_json(json, size);
	struct json_object *devices = root ? array(root, "devices") : NULL;
	struct vmdesc *vmdesc;
	size_t count;

	if (!devices)
		return fail(err, SAVETOOL_CORRUPT,
			    "vmdesc is not valid QEMU JSON");
	count = json_object_array_length(devices);
	vmdesc = calloc(1, sizeof(*vmdesc));
	if (!vmdesc)
		return fail_memory(err);
	vmdesc->page_size = number(root, "page_size", 0);
	vmdesc->devices = calloc(count ? count : 1, sizeof(*vmdesc->devices));
	if (!vmdesc->devices) {
		vmdesc_free(vmdesc);
		return fail_memory(err);
	}
	for (; vmdesc->count < count; vmdesc->count++) {
		struct json_object *device =
			json_object_array_get_idx(devices, vmdesc->count);

		if (read_device(&vmdesc->devices[vmdesc->count], device, err) <
		    0) {
			vmdesc_free(vmdesc);
			return -1;
		}
	}
	*result = vmdesc;
	return 0;
}

void vmdesc_free(struct vmdesc *vmdesc)
{
	if (!vmdesc)
		return;
	for (unsigned i = 0; i < vmdesc->count; i++)
		free(vmdesc->devices[i].name);
	free(vmdesc->devices);
	free(vmdesc);
}
