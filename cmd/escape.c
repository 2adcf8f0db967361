/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes text from images and file names safe to print. */
#include "config.h"

#include "escape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Decodes one code point; returns its length, or 0 if it is invalid UTF-8. */
static size_t decode(const char *text, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t length;

	if (byte[0] < 0x80) {
		*point = byte[0];
		return 1;
	}
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	length = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	*point = byte[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (byte[i] & 0x3f);
	}
	if (*point < least[length] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return length;
}

/* Could it move the cursor, hide text, or show it in another order? */
static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
	       point == 0x061c || point == 0x200e || point == 0x200f ||
	       (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void escape_text(FILE *out, const char *text, bool lines)
{
	uint32_t point;
	size_t length;

	for (; *text; text += length) {
		length = decode(text, &point);
		if (!length) {
			length = 1;
			fprintf(out, "\\x%02x", (unsigned char)*text);
		} else if (lines && (point == '\n' || point == '\t')) {
			fputc((int)point, out);
		} else if (!is_control(point)) {
			fwrite(text, 1, length, out);
		} else if (point < 0x80) {
			fprintf(out, "\\x%02x", (unsigned)point);
		} else {
			fprintf(out, "\\u%04x", (unsigned)point);
		}
	}
}

char *escape_utf8(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *copy = malloc(3 * strlen(text) + 1);
	char *end = copy;
	uint32_t point;

	if (!copy)
		return NULL;
	while (*text) {
		size_t length = decode(text, &point);

		memcpy(end, length ? text : replacement, length ? length : 3);
		end += length ? length : 3;
		text += length ? length : 1;
	}
	*end = '\0';
	return copy;
}

void escape_json(FILE *out, const char *json)
{
	uint32_t point;
	size_t length;

	for (; *json; json += length) {
		length = decode(json, &point);
		if (!length) {
			length = 1;
			fputs("\\ufffd", out);
		} else if (point < 0x7f || !is_control(point)) {
			fwrite(json, 1, length, out);
		} else {
			fprintf(out, "\\u%04x", (unsigned)point);
		}
	}
}
