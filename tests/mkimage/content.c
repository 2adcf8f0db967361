/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages hold: bytes that a test can compute again. */
#include "content.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void store_le(uint8_t *to, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++, value >>= 8)
		to[i] = (uint8_t)value;
}

void content_random(uint8_t *data, size_t size, uint64_t seed, uint64_t offset)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + offset + 1;

	if (x == 0)
		x = 1;
	for (size_t i = 0; i < size; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		store_le(data + i, x, size - i < 8 ? size - i : 8);
	}
}

void content_fill(const struct line *line, uint8_t *data, size_t size,
		  const char *kind, uint64_t seed, uint64_t offset)
{
	if (!strcmp(kind, "random")) {
		content_random(data, size, seed, offset);
	} else if (!strcmp(kind, "address")) {
		for (size_t i = 0; i < size; i += 8)
			store_le(data + i, offset + i, 8);
	} else {
		memset(data, (int)line_parse(line, kind), size);
	}
}

static uint8_t hex_byte(const struct line *line, const char *text)
{
	char digits[3] = { text[0], text[0] ? text[1] : '\0', '\0' };
	char *end;
	unsigned long byte = strtoul(digits, &end, 16);

	if (!isxdigit((unsigned char)digits[0]) || end != digits + 2)
		line_fail(line, "not a byte '%s'", digits);
	return (uint8_t)byte;
}

size_t content_hex(const struct line *line, uint8_t *data, const char *text)
{
	size_t size = 0;

	while (*text) {
		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		data[size++] = hex_byte(line, text);
		text += 2;
	}
	return size;
}

/* One OFFSET:HEX; returns what stands behind it. */
static const char *poke_one(const struct line *line, uint8_t *data, size_t size,
			    const char *change)
{
	char *hex;
	unsigned long at = strtoul(change, &hex, 0);

	if (*hex++ != ':')
		line_fail(line, "not OFFSET:HEX '%s'", change);
	while (*hex && *hex != ',') {
		if (at >= size)
			line_fail(line, "poke outside of the page");
		data[at++] = hex_byte(line, hex);
		hex += 2;
	}
	return *hex == ',' ? hex + 1 : hex;
}

void content_poke(const struct line *line, uint8_t *data, size_t size,
		  const char *changes)
{
	while (*changes)
		changes = poke_one(line, data, size, changes);
}

static uint32_t adler32(const uint8_t *data, size_t size)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < size; i++) {
		a = (a + data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

size_t content_zlib(uint8_t *packed, const uint8_t *data, size_t size)
{
	uint32_t sum = adler32(data, size);
	uint8_t *to = packed;

	*to++ = 0x78;
	*to++ = 0x01;
	do {
		size_t part = size < 65535 ? size : 65535;

		*to++ = part == size; /* the last block is marked */
		store_le(to, part, 2);
		store_le(to + 2, ~part, 2);
		memcpy(to + 4, data, part);
		to += 4 + part;
		data += part;
		size -= part;
	} while (size > 0);
	for (int shift = 24; shift >= 0; shift -= 8)
		*to++ = (uint8_t)(sum >> shift);
	return (size_t)(to - packed);
}

static uint8_t *put_uleb128(uint8_t *to, size_t value)
{
	if (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}

/* How far the pages are the same, or differ, from i on. */
static size_t run(const uint8_t *old, const uint8_t *new, size_t i, size_t size,
		  bool same)
{
	size_t start = i;

	while (i < size && (old[i] == new[i]) == same)
		i++;
	return i - start;
}

size_t content_xbzrle(uint8_t *packed, const uint8_t *old, const uint8_t *new,
		      size_t size)
{
	uint8_t *to = packed;
	size_t i = 0;

	for (;;) {
		size_t same = run(old, new, i, size, true);
		size_t changed = run(old, new, i + same, size, false);

		if (changed == 0)
			return (size_t)(to - packed);
		to = put_uleb128(to, same);
		to = put_uleb128(to, changed);
		memcpy(to, new + i + same, changed);
		to += changed;
		i += same + changed;
	}
}
