/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the JSON of a vmdesc, within limits. */
#include "config.h"

#include "format/vmdesc_json.h"

#include "format/vmdesc.h"

#define VALUES_LIMIT 400000

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
struct json_object *vmdesc_json_parse(const char *json, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(VMDESC_DEPTH);
	struct json_object *root = NULL;

	if (tokener && is_reasonable(json, size)) {
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
		root = json_tokener_parse_ex(tokener, json, size);
	}
	json_tokener_free(tokener);
	return root;
}

static struct json_object *value(struct json_object *object, const char *key,
				 enum json_type type)
{
	struct json_object *found;

	if (!json_object_object_get_ex(object, key, &found) ||
	    !json_object_is_type(found, type))
		return NULL;
	return found;
}

uint64_t vmdesc_json_number(struct json_object *object, const char *key,
			    uint64_t otherwise)
{
	struct json_object *found = value(object, key, json_type_int);

	return found ? json_object_get_uint64(found) : otherwise;
}

struct json_object *vmdesc_json_array(struct json_object *object,
				      const char *key)
{
	return value(object, key, json_type_array);
}

struct json_object *vmdesc_json_object(struct json_object *object,
				       const char *key)
{
	return value(object, key, json_type_object);
}

const char *vmdesc_json_text(struct json_object *object, const char *key)
{
	struct json_object *found = value(object, key, json_type_string);

	return found ? json_object_get_string(found) : NULL;
}
