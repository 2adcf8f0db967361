/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes JSON as it comes. */
#include "config.h"

#include "extract/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void json_begin(struct json *json, struct output *out,
		struct savetool_error *err)
{
	json->out = out;
	json->err = err;
	json->failed = false;
	json->depth = 0;
	json->first = true;
	json->used = 0;
}

static void flush(struct json *json)
{
	if (!json->failed && json->used > 0 &&
	    output_append(json->out, json->buffer, json->used, json->err) < 0)
		json->failed = true;
	json->used = 0;
}

static void put(struct json *json, const char *text, size_t size)
{
	while (size > 0) {
		size_t some = sizeof(json->buffer) - json->used;

		if (some > size)
			some = size;
		memcpy(json->buffer + json->used, text, some);
		json->used += some;
		text += some;
		size -= some;
		if (json->used == sizeof(json->buffer))
			flush(json);
	}
}

static void put_text(struct json *json, const char *text)
{
	put(json, text, strlen(text));
}

static void put_quoted(struct json *json, const char *text)
{
	char escape[8];

	put(json, "\"", 1);
	for (; *text; text++) {
		unsigned char byte = *text;

		if (byte == '"' || byte == '\\')
			snprintf(escape, sizeof(escape), "\\%c", byte);
		else if (byte < 0x20)
			snprintf(escape, sizeof(escape), "\\u%04x", byte);
		else if (byte >= 0x7f)
			strcpy(escape, "\\ufffd");
		else
			snprintf(escape, sizeof(escape), "%c", byte);
		put_text(json, escape);
	}
	put(json, "\"", 1);
}

static void new_line(struct json *json)
{
	put(json, "\n", 1);
	for (unsigned i = 0; i < json->depth; i++)
		put(json, "  ", 2);
}

/*
 * What precedes a value.  Elements of an array that are not objects or arrays
 * stand in one line.
 */
static void begin_value(struct json *json, const char *key, bool line)
{
	if (!json->first)
		put(json, ",", 1);
	if ((key || line) && json->depth > 0)
		new_line(json);
	else if (!json->first)
		put(json, " ", 1);
	if (key) {
		put_quoted(json, key);
		put(json, ": ", 2);
	}
	json->first = false;
}

static void open_value(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key, true);
	put_text(json, bracket);
	json->depth++;
	json->first = true;
}

void json_object(struct json *json, const char *key)
{
	open_value(json, key, "{");
}

void json_array(struct json *json, const char *key)
{
	open_value(json, key, "[");
}

void json_end_object(struct json *json)
{
	json->depth--;
	if (!json->first)
		new_line(json);
	put(json, "}", 1);
	json->first = false;
}

void json_end_array(struct json *json)
{
	json->depth--;
	put(json, "]", 1);
	json->first = false;
}

void json_text(struct json *json, const char *key, const char *text)
{
	begin_value(json, key, false);
	put_quoted(json, text);
}

void json_unsigned(struct json *json, const char *key, uint64_t number)
{
	char text[24];

	begin_value(json, key, false);
	snprintf(text, sizeof(text), "%" PRIu64, number);
	put_text(json, text);
}

void json_signed(struct json *json, const char *key, int64_t number)
{
	char text[24];

	begin_value(json, key, false);
	snprintf(text, sizeof(text), "%" PRId64, number);
	put_text(json, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key, false);
	put_text(json, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	begin_value(json, key, false);
	put_text(json, "null");
}

void json_hex_begin(struct json *json, const char *key)
{
	begin_value(json, key, false);
	put(json, "\"", 1);
}

void json_hex(struct json *json, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		const char pair[] = { digits[bytes[i] >> 4],
				      digits[bytes[i] & 15] };

		put(json, pair, sizeof(pair));
	}
}

void json_hex_end(struct json *json)
{
	put(json, "\"", 1);
}

int json_finish(struct json *json)
{
	put(json, "\n", 1);
	flush(json);
	return json->failed ? -1 : 0;
}
