/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The constants of a migration stream: what it consists of at the top level.
 * QEMU: migration/savevm.h and savevm.c; RAM_…: migration/ram.c.
 */
#ifndef FORMAT_SECTION_H
#define FORMAT_SECTION_H

#include "io/reader.h"

#define STREAM_MAGIC UINT32_C(0x5145564d) /* "QEVM" */
#define STREAM_VERSION 3
#define STREAM_VERSION_OBSOLETE 2
#define MULTIFD_MAGIC UINT32_C(0x11223344)

enum section_type {
	SECTION_EOF = 0x00,
	SECTION_START = 0x01,
	SECTION_PART = 0x02,
	SECTION_END = 0x03,
	SECTION_FULL = 0x04,
	SECTION_SUBSECTION = 0x05,
	SECTION_VMDESC = 0x06,
	SECTION_CONFIGURATION = 0x07,
	SECTION_COMMAND = 0x08,
	SECTION_FOOTER = 0x7e,
};

/* A footer: SECTION_FOOTER and the section's id. */
#define FOOTER_SIZE 5

/* A START or FULL before its name's text, and after it. */
#define SECTION_HEADER_SIZE (1 + 4 + 1 + 4 + 4)

/* A section's header.  PART and END repeat only the id of their START. */
struct section {
	enum section_type type;
	uint32_t id;
	char name[256];
	uint32_t instance;
	uint32_t version;
	uint64_t offset; /* of its type byte */
};

/* Nothing announces whether a stream has footers. */
enum footers { FOOTERS_UNKNOWN, FOOTERS_NONE, FOOTERS_PRESENT };

/*
 * Skips the footer after a section's payload, if the stream has footers.  The
 * first section shows whether it does: nothing else that can follow a section
 * starts with a footer's byte.
 */
int section_read_footer(struct reader *reader, const struct section *section,
			enum footers *footers, struct savetool_error *err);

bool section_is_ram(const struct section *section);

/*
 * Is this the name of a device that is saved before memory?  Only virtio-mem
 * is; all others are saved in one piece after it.
 */
bool section_is_early(const char *name);

enum stream_command {
	COMMAND_OPEN_RETURN_PATH = 1,
	COMMAND_PING = 2,
	COMMAND_POSTCOPY_ADVISE = 3,
	COMMAND_POSTCOPY_LISTEN = 4,
	COMMAND_POSTCOPY_RUN = 5,
	COMMAND_POSTCOPY_RAM_DISCARD = 6,
	COMMAND_PACKAGED = 7,
	COMMAND_ENABLE_COLO = 8,
	COMMAND_POSTCOPY_RESUME = 9,
	COMMAND_RECV_BITMAP = 10,
	COMMAND_SWITCHOVER_START = 11,
};

/* The memory's section, and its version since 2010. */
#define RAM_SECTION "ram"
#define RAM_VERSION 4

/*
 * The flags in the low bits of a record's first word, below the page's offset.
 */
enum ram_flag {
	RAM_ZERO = 0x002,
	RAM_MEM_SIZE = 0x004,
	RAM_PAGE = 0x008,
	RAM_EOS = 0x010,
	RAM_CONTINUE = 0x020,
	RAM_XBZRLE = 0x040,
	RAM_HOOK = 0x080,
	RAM_COMPRESS_PAGE = 0x100,
	RAM_MULTIFD_FLUSH = 0x200,
};

#define CAPABILITY_MAPPED_RAM "mapped-ram"
#define CAPABILITY_IGNORE_SHARED "x-ignore-shared"

/* What follows name and length of a mapped-ram block. */
#define MAPPED_HEADER_SIZE 28
#define MAPPED_VERSION 1
#define MAPPED_ALIGNMENT (UINT64_C(1) << 20)

#endif
