/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses what the vmdesc says about the sections. */
#include "config.h"

#include "format/vmdesc.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/vmdesc_json.h"

#include <string.h>

#define LENGTH_LIMIT (UINT64_C(1) << 48)

/* Adds the bytes of all fields.  A struct's size includes everything in it. */
static bool add_fields(struct json_object *description, uint64_t *length)
{
	struct json_object *fields = vmdesc_json_array(description, "fields");
	size_t count = vmdesc_json_count(fields);

	for (size_t i = 0; i < count; i++) {
		struct json_object *field =
			json_object_array_get_idx(fields, i);
		uint64_t size = vmdesc_json_number(field, "size", 0);
		uint64_t repeat = vmdesc_json_number(field, "array_len", 1);
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
	struct json_object *subsections =
		vmdesc_json_array(description, "subsections");
	size_t count = vmdesc_json_count(subsections);

	if (depth == VMDESC_DEPTH || !add_fields(description, length))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct json_object *sub =
			json_object_array_get_idx(subsections, i);
		const char *name = vmdesc_json_text(sub, "vmsd_name");

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
	const char *name = vmdesc_json_text(object, "name");

	if (!name || !add_description(object, 0, &device->length))
		return fail(
			err, SAVETOOL_CORRUPT,
			"vmdesc has a device without a name, or with values "
			"out of range");
	device->instance = vmdesc_json_number(object, "instance_id", 0);
	device->name = strdup(name);
	return device->name ? 0 : fail_memory(err);
}

int vmdesc_parse(struct vmdesc **result, const char *json, size_t size,
		 struct savetool_error *err)
{
	cleanup_json struct json_object *root = vmdesc_json_parse(json, size);
	struct json_object *devices =
		root ? vmdesc_json_array(root, "devices") : NULL;
	struct vmdesc *vmdesc;
	size_t count;

	if (!devices)
		return fail(err, SAVETOOL_CORRUPT,
			    "vmdesc is not valid QEMU JSON");
	count = json_object_array_length(devices);
	vmdesc = calloc(1, sizeof(*vmdesc));
	if (!vmdesc)
		return fail_memory(err);
	vmdesc->page_size = vmdesc_json_number(root, "page_size", 0);
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
