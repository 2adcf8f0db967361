/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over the devices of a tail, to its EOF byte. */
#include "config.h"

#include "format/tail_internal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Far more than QEMU has slots for. */
#define DEVICES_LIMIT 65536

static int add_device(struct tail *tail, const struct section *section,
		      uint64_t length, struct savetool_error *err)
{
	struct savetool_device *devices = reallocarray(
		tail->devices, tail->device_count + 1, sizeof(*devices));
	char *name;

	if (!devices)
		return fail_memory(err);
	tail->devices = devices;
	if (tail->device_count == DEVICES_LIMIT)
		return fail(err, SAVETOOL_UNSUPPORTED, "more than %u devices",
			    DEVICES_LIMIT);
	name = strdup(section->name);
	if (!name)
		return fail_memory(err);
	devices[tail->device_count++] = (struct savetool_device){
		.name = name,
		.instance = section->instance,
		.version = section->version,
		.offset = section->offset,
		.length = length,
	};
	return 0;
}

/* Reads the header of the FULL section that must be next; 0 at EOF. */
static int next_section(struct reader *reader, struct section *section,
			struct savetool_error *err)
{
	uint8_t type;

	if (reader_need(reader, 1, err) < 0)
		return -1;
	if (*reader->next == SECTION_EOF)
		return 0;
	*section = (struct section){ .type = SECTION_FULL,
				     .offset = reader->offset };
	if (reader_u8(reader, &type, err) < 0)
		return -1;
	if (type != SECTION_FULL)
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "unknown section type 0x%02x", type);
	if (reader_be32(reader, &section->id, err) < 0 ||
	    reader_str8(reader, section->name, err) < 0 ||
	    reader_be32(reader, &section->instance, err) < 0 ||
	    reader_be32(reader, &section->version, err) < 0)
		return -1;
	if (section->name[0] == '\0')
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "section without a name");
	return 1;
}

/* The vmdesc's device for this section, from *next on. */
static const struct vmdesc_device *described(const struct vmdesc *vmdesc,
					     const struct section *section,
					     unsigned *next)
{
	/* Devices saved before memory are described too, but are not here. */
	for (unsigned i = *next; i < vmdesc->count; i++) {
		const struct vmdesc_device *device = &vmdesc->devices[i];

		if (strcmp(device->name, section->name) == 0 &&
		    device->instance == section->instance) {
			*next = i + 1;
			return device;
		}
	}
	return NULL;
}

/* Walks to the EOF byte by the lengths in the vmdesc. */
int tail_walk_described(struct tail *tail, struct reader *reader,
			struct savetool_error *err)
{
	const struct vmdesc_device *device;
	struct section section;
	unsigned next = 0;
	int more;

	while ((more = next_section(reader, &section, err)) > 0) {
		device = described(tail->vmdesc, &section, &next);
		if (!device)
			return fail_at(err, SAVETOOL_CORRUPT, section.offset,
				       "section '%s' is not in the vmdesc",
				       section.name);
		if (reader_skip(reader, device->length, err) < 0 ||
		    section_read_footer(reader, &section, &tail->footers, err) <
			    0 ||
		    add_device(tail, &section, device->length, err) < 0)
			return -1;
	}
	return more;
}

/*
 * Could a section, or the EOF byte, start here?  The EOF byte must be the last
 * one or precede a vmdesc, unless more may follow it.
 */
static bool looks_like_item(const uint8_t *at, const uint8_t *end, bool more)
{
	if (at == end)
		return false;
	if (*at == SECTION_EOF)
		return more || at + 1 == end || at[1] == SECTION_VMDESC;
	if (*at != SECTION_FULL || end - at < 1 + 4 + 1 + 1)
		return false;
	if (at[5] == 0 || end - at < 1 + 4 + 1 + at[5])
		return false;
	for (unsigned i = 0; i < at[5]; i++)
		if (at[6 + i] < 0x20 || at[6 + i] > 0x7e)
			return false;
	return true;
}

/* A footer, and what looks_like_item() looks at. */
#define SIGHT (FOOTER_SIZE + 1 + 4 + 1 + UINT8_MAX)

/*
 * Moves to the end of a payload: to a footer with its id that something
 * plausible follows.  1, 0: there is none, or -1.
 */
static int seek_footer(struct reader *reader, uint32_t id, bool more,
		       struct savetool_error *err)
{
	uint8_t footer[FOOTER_SIZE] = { SECTION_FOOTER };
	size_t got, visible;
	const uint8_t *at;

	put_be32(footer + 1, id);
	for (;;) {
		if (reader_look(reader, SIGHT, &got, err) < 0)
			return -1;
		if (got < FOOTER_SIZE)
			return 0;
		visible = reader_visible(reader);
		at = memmem(reader->next, visible, footer, FOOTER_SIZE);
		if (!at)
			at = reader->end - (FOOTER_SIZE - 1);
		if (reader_consume(reader, at - reader->next, err) < 0 ||
		    reader_look(reader, SIGHT, &got, err) < 0)
			return -1;
		if (got < FOOTER_SIZE ||
		    memcmp(reader->next, footer, FOOTER_SIZE) != 0)
			continue;
		/* If less is visible, the input ends there. */
		if (looks_like_item(reader->next + FOOTER_SIZE,
				    reader->next + got, more))
			return 1;
		if (reader_consume(reader, 1, err) < 0)
			return -1;
	}
}

/* Walks to the EOF byte by looking for footers. */
int tail_walk_footers(struct tail *tail, struct reader *reader, bool more,
		      struct savetool_error *err)
{
	struct section section;
	int next;

	while ((next = next_section(reader, &section, err)) > 0) {
		uint64_t start = reader->offset, length;
		int found = seek_footer(reader, section.id, more, err);

		if (found < 0)
			return -1;
		if (found == 0)
			return fail_at(err, SAVETOOL_INCOMPLETE, tail_end(tail),
				       "image ends within section '%s'",
				       section.name);
		length = reader->offset - start;
		if (reader_skip(reader, FOOTER_SIZE, err) < 0 ||
		    add_device(tail, &section, length, err) < 0)
			return -1;
	}
	return next;
}
