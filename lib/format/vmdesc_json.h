/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the JSON of a vmdesc, within limits. */
#ifndef FORMAT_VMDESC_JSON_H
#define FORMAT_VMDESC_JSON_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

/* How deep its values lie in others; QEMU's go about twenty deep. */
#define VMDESC_DEPTH 64

/* NULL: not JSON, or beyond the limits. */
struct json_object *vmdesc_json_parse(const char *json, size_t size);

/* The number that key has, or otherwise. */
uint64_t vmdesc_json_number(struct json_object *object, const char *key,
			    uint64_t otherwise);

/* The array, object, or text that key has, or NULL. */
struct json_object *vmdesc_json_array(struct json_object *object,
				      const char *key);
struct json_object *vmdesc_json_object(struct json_object *object,
				       const char *key);
const char *vmdesc_json_text(struct json_object *object, const char *key);

/* The elements of an array; NULL has none. */
static inline size_t vmdesc_json_count(struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

static inline void cleanup_json_(struct json_object **object)
{
	json_object_put(*object);
}
#define cleanup_json __attribute__((cleanup(cleanup_json_)))

#endif
