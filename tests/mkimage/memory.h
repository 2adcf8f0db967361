/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RAM blocks, and the guest memory that a correct reader must see. */
#ifndef MKIMAGE_MEMORY_H
#define MKIMAGE_MEMORY_H

#include "image.h"

/*
 * memory is what converters must reproduce: it takes what the recipe writes in
 * order, so the last write wins.  NULL for a block that is longer than any
 * machine's memory.
 */
struct block {
	struct block *next;
	char *name;
	uint64_t length;
	uint64_t page_size;
	uint8_t *memory;

	/* mapped-ram only */
	bool mapped;
	bool write_bitmap;
	uint64_t bitmap_at;
	uint64_t pages_at;
	unsigned word_size; /* bytes of the saving host's unsigned long */
	bool big_endian;
	uint64_t bitmap_size;
	uint8_t *bitmap;
};

/* If several blocks have the name, the first one is returned. */
struct block *block_find(const struct image *image, const struct line *line,
			 const char *name);
struct block *block_add(struct image *image, const char *name, uint64_t length,
			uint64_t page_size);

/* What the block holds at this offset, or NULL if that is outside of it. */
uint8_t *block_page(const struct block *block, uint64_t offset);

/* Writes the memory to a file, leaving holes for zero pages. */
void memory_write(const struct block *block, const char *path);
void memory_write_all(const struct image *image, const char *folder);
void blocks_free(struct image *image);

#endif
