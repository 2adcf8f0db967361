/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as QEMU sends them, written value by value. */
#ifndef UNIT_WIRE_H
#define UNIT_WIRE_H

#include "base/bytes.h"
#include "format/section.h"
#include "io/chunk.h"
#include "io/input.h"

#include "check.h"

struct wire {
	size_t size;
	uint8_t bytes[1 << 17];
};

static inline void wire_bytes(struct wire *wire, const void *bytes, size_t size)
{
	assert_true(wire->size + size <= sizeof(wire->bytes));
	memcpy(wire->bytes + wire->size, bytes, size);
	wire->size += size;
}

static inline void wire_text(struct wire *wire, const char *text)
{
	wire_bytes(wire, text, strlen(text));
}

static inline void wire_fill(struct wire *wire, uint8_t byte, size_t size)
{
	assert_true(wire->size + size <= sizeof(wire->bytes));
	memset(wire->bytes + wire->size, byte, size);
	wire->size += size;
}

static inline void wire_u8(struct wire *wire, uint8_t value)
{
	wire_bytes(wire, &value, 1);
}

static inline void wire_be16(struct wire *wire, uint16_t value)
{
	uint8_t bytes[2];

	put_be16(bytes, value);
	wire_bytes(wire, bytes, sizeof(bytes));
}

static inline void wire_be32(struct wire *wire, uint32_t value)
{
	uint8_t bytes[4];

	put_be32(bytes, value);
	wire_bytes(wire, bytes, sizeof(bytes));
}

static inline void wire_be64(struct wire *wire, uint64_t value)
{
	uint8_t bytes[8];

	put_be64(bytes, value);
	wire_bytes(wire, bytes, sizeof(bytes));
}

static inline void wire_str8(struct wire *wire, const char *text)
{
	wire_u8(wire, strlen(text));
	wire_text(wire, text);
}

/* A configuration section, without subsections. */
static inline void wire_machine(struct wire *wire, const char *machine)
{
	wire_u8(wire, SECTION_CONFIGURATION);
	wire_be32(wire, strlen(machine));
	wire_text(wire, machine);
}

static inline void wire_subsection(struct wire *wire, const char *name)
{
	wire_u8(wire, SECTION_SUBSECTION);
	wire_str8(wire, name);
	wire_be32(wire, 1);
}

static inline void wire_capability(struct wire *wire, const char *capability)
{
	wire_subsection(wire, "configuration/capabilities");
	wire_be32(wire, 1);
	wire_str8(wire, capability);
}

/* Magic and version. */
static inline void wire_magic(struct wire *wire)
{
	wire_be32(wire, STREAM_MAGIC);
	wire_be32(wire, STREAM_VERSION);
}

/* The header of a section. */
static inline void wire_section(struct wire *wire, enum section_type type,
				uint32_t id, const char *name, uint32_t version)
{
	wire_u8(wire, type);
	wire_be32(wire, id);
	if (type != SECTION_START && type != SECTION_FULL)
		return;
	wire_str8(wire, name);
	wire_be32(wire, 0);
	wire_be32(wire, version);
}

static inline void wire_footer(struct wire *wire, uint32_t id)
{
	wire_u8(wire, SECTION_FOOTER);
	wire_be32(wire, id);
}

/* A device: header, so many bytes, footer. */
static inline void wire_device(struct wire *wire, uint32_t id, const char *name,
			       size_t size, bool footer)
{
	wire_section(wire, SECTION_FULL, id, name, 1);
	wire_fill(wire, 0xd0 + id, size);
	if (footer)
		wire_footer(wire, id);
}

static inline void wire_vmdesc(struct wire *wire, const char *json)
{
	wire_u8(wire, SECTION_VMDESC);
	wire_be32(wire, strlen(json));
	wire_text(wire, json);
}

#endif
