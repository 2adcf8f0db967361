/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAM blocks: the named pieces of memory that make up a guest's RAM, ROM and
 * video memory, wherever they are stored.
 */
#ifndef RAM_BLOCK_H
#define RAM_BLOCK_H

#include "savetool.h"

#define RAM_NAME_SIZE 256

/* QEMU's targets have pages of 1 KiB (old ARM) to 64 KiB (hexagon). */
#define RAM_PAGE_LEAST 1024
#define RAM_PAGE_MOST 65536

/* No real guest has more blocks, or more memory. */
#define RAM_BLOCKS_LIMIT 4096
#define RAM_LENGTH_LIMIT (UINT64_C(1) << 52)

/*
 * The most that is handled.  A bit or a hash per page is kept in memory, and a
 * few bytes of a file can claim any number of pages.  Nor has ext4 larger
 * files.
 */
#define RAM_LENGTH_HANDLED (UINT64_C(1) << 44)

struct ram_block {
	char name[RAM_NAME_SIZE];
	unsigned index;  /* in its layout */
	uint64_t length; /* a multiple of the layout's page_size */

	/*
	 * The destination of a migration fills this block itself before it
	 * loads memory (ROM, firmware tables, flash, video memory).  So a page
	 * that is left out is not zero there.
	 */
	bool prefilled;
};

/* All blocks of a guest, in the order of the stream. */
struct ram_layout {
	uint64_t page_size; /* the target's, a power of two */
	uint64_t length;    /* of all blocks */
	unsigned count;
	struct ram_block *blocks;
};

/*
 * Adds a block.  Refuses a second one of the same name, and a length that is
 * not a multiple of the page size or beyond the limits.
 */
int ram_layout_add(struct ram_layout *layout, const char *name, uint64_t length,
		   struct savetool_error *err);

/* By its name: a block that is prefilled, and memory that outlives the guest.
 */
bool ram_name_is_prefilled(const char *name);
bool ram_name_is_persistent(const char *name);

/* The name of the memory backend, without the path of a device before it. */
const char *ram_name_of_backend(const char *name);

/* NULL if there is none. */
const struct ram_block *ram_layout_find(const struct ram_layout *layout,
					const char *name);

void ram_layout_free(struct ram_layout *layout);

#endif
