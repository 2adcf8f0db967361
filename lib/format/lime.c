/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a guest's memory as LiME does. */
#include "config.h"

#include "format/lime.h"

#include "base/bytes.h"

#define LIME_MAGIC UINT32_C(0x4c694d45)
#define LIME_VERSION 1
#define LIME_HEADER 32

static void put_le64(uint8_t *to, uint64_t value)
{
	put_le32(to, (uint32_t)value);
	put_le32(to + 4, (uint32_t)(value >> 32));
}

int lime_place(struct ram_places *to, const struct ram_places *ranges,
	       struct savetool_error *err)
{
	uint64_t at = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		struct ram_place place = ranges->list[i];

		place.to = at + LIME_HEADER;
		if (ram_places_add(to, &place, err) < 0)
			return -1;
		at = place.to + place.length;
	}
	return 0;
}

int lime_write(struct output *out, const struct ram_places *to,
	       const struct ram_places *ranges, struct savetool_error *err)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct ram_place *range = &ranges->list[i];
		uint8_t header[LIME_HEADER] = { 0 };

		put_le32(header, LIME_MAGIC);
		put_le32(header + 4, LIME_VERSION);
		put_le64(header + 8, range->to);
		put_le64(header + 16, range->to + range->length - 1);
		if (output_write_at(out, header, sizeof(header),
				    to->list[i].to - LIME_HEADER, err) < 0)
			return -1;
	}
	out->position = ram_places_end(to);
	return 0;
}
