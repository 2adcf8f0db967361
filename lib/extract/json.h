/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes JSON to an output piece by piece, so that its length does not matter
 * for memory.
 */
#ifndef EXTRACT_JSON_H
#define EXTRACT_JSON_H

#include "io/output.h"

struct json {
	struct output *out;
	struct savetool_error *err; /* of the first failure */
	bool failed;
	unsigned depth;
	bool first; /* nothing came yet in the innermost object or array */
	size_t used;
	char buffer[16384];
};

/* Both stay the caller's. */
void json_begin(struct json *json, struct output *out,
		struct savetool_error *err);

/* Writes what is left.  -1 if anything has failed. */
int json_finish(struct json *json);

/*
 * A value, or the start of one.  The key is NULL in an array and for the
 * outermost value.  Bytes of a text that are not ASCII become U+FFFD.
 */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_end_array(struct json *json);
void json_text(struct json *json, const char *key, const char *text);
void json_unsigned(struct json *json, const char *key, uint64_t number);
void json_signed(struct json *json, const char *key, int64_t number);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* A text of hexadecimal digits: begun, as many bytes as come, ended. */
void json_hex_begin(struct json *json, const char *key);
void json_hex(struct json *json, const uint8_t *bytes, size_t size);
void json_hex_end(struct json *json);

#endif
