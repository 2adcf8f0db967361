/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small whole images: a guest of 16 pages, two of which hold data. */
#ifndef UNIT_SAMPLE_H
#define UNIT_SAMPLE_H

#include "format/libvirt.h"

#include "wire.h"

#define SAMPLE_PAGE 4096
#define SAMPLE_XML "<domain><name>g1</name></domain>"
#define SAMPLE_DATA (sizeof(SAMPLE_XML) + 100)
#define SAMPLE_VMDESC                                                          \
	"{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", "           \
	"\"instance_id\": 0, \"fields\": [{\"size\": 10}]}]}"

/* A libvirt header, its numbers little-endian. */
static inline void sample_header(struct wire *wire, enum savetool_format format)
{
	uint8_t head[LIBVIRT_HEADER_SIZE] = "LibvirtQemudSave";

	put_le32(head + 16, 2);
	put_le32(head + 20, SAMPLE_DATA);
	put_le32(head + 24, 1);
	put_le32(head + 28, format);
	wire_bytes(wire, head, sizeof(head));
	wire_bytes(wire, SAMPLE_XML, sizeof(SAMPLE_XML));
	wire_fill(wire, 0, SAMPLE_DATA - sizeof(SAMPLE_XML));
}

static inline void sample_list(struct wire *wire)
{
	wire_section(wire, SECTION_START, 2, "ram", 4);
	wire_be64(wire, 16 * SAMPLE_PAGE | RAM_MEM_SIZE);
	wire_str8(wire, "pc.ram");
	wire_be64(wire, 16 * SAMPLE_PAGE);
}

/* Everything from the end of memory on. */
static inline void sample_end(struct wire *wire)
{
	wire_section(wire, SECTION_END, 2, NULL, 0);
	wire_be64(wire, RAM_EOS);
	wire_footer(wire, 2);
	wire_device(wire, 3, "timer", 10, true);
	wire_u8(wire, SECTION_EOF);
	wire_vmdesc(wire, SAMPLE_VMDESC);
}

static inline void sample_sequential(struct wire *wire)
{
	wire_magic(wire);
	wire_machine(wire, "pc");
	sample_list(wire);
	wire_be64(wire, RAM_EOS);
	wire_footer(wire, 2);
	wire_section(wire, SECTION_PART, 2, NULL, 0);
	for (unsigned i = 0; i < 16; i++) {
		wire_be64(wire, i * SAMPLE_PAGE |
					(i < 2 ? RAM_PAGE : RAM_ZERO) |
					(i ? RAM_CONTINUE : 0));
		if (i == 0)
			wire_str8(wire, "pc.ram");
		wire_fill(wire, i < 2 ? 0x11 + i : 0, i < 2 ? SAMPLE_PAGE : 1);
	}
	wire_be64(wire, RAM_EOS);
	wire_footer(wire, 2);
	sample_end(wire);
}

/* The same guest, with its slots at the next page boundary. */
static inline void sample_mapped(struct wire *wire)
{
	uint64_t slots;

	wire_magic(wire);
	wire_machine(wire, "pc");
	wire_capability(wire, CAPABILITY_MAPPED_RAM);
	sample_list(wire);
	slots = round_up(wire->size + MAPPED_HEADER_SIZE + 8, SAMPLE_PAGE);
	wire_be32(wire, MAPPED_VERSION);
	wire_be64(wire, SAMPLE_PAGE);
	wire_be64(wire, wire->size + 16);
	wire_be64(wire, slots);
	wire_u8(wire, 0x03);
	wire_fill(wire, 0, slots - wire->size);
	wire_fill(wire, 0x11, SAMPLE_PAGE);
	wire_fill(wire, 0x12, SAMPLE_PAGE);
	wire_fill(wire, 0, 14 * SAMPLE_PAGE);
	wire_be64(wire, RAM_EOS);
	wire_footer(wire, 2);
	sample_end(wire);
}

#endif
