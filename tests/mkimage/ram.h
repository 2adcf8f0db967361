/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Some pages of one block, as a statement names them. */
#ifndef MKIMAGE_RAM_H
#define MKIMAGE_RAM_H

#include "memory.h"

struct pages {
	struct line *line;
	struct block *block;
	uint64_t offset; /* of the first one, from the start of the block */
	uint64_t count;
	uint64_t step; /* from one to the next, in bytes */
	const char *data;
	uint64_t seed;
	const char *poke;
	const char *bytes; /* written instead of what data says */
	bool remember;     /* change the memory, too */
	uint8_t *old;
	uint8_t *new;
};

void pages_read(struct pages *pages, struct image *image, struct line *line);
void pages_free(struct pages *pages);

/*
 * Moves to the next page.  old is what memory holds, new what it will hold: the
 * old with data and poke applied, if they were given.
 */
bool pages_next(struct pages *pages);

/* Copies the new page to memory. */
void pages_remember(const struct pages *pages);

/* mapped.c: writes the header in the block list, and moves past the block. */
void mapped_block(struct image *image, struct line *line, struct block *block);

/* Writes the data to the page's slot; the bit says whether it counts. */
void mapped_store(struct image *image, const struct pages *pages);
void mapped_set_bit(const struct pages *pages, bool present);
void mapped_write_bitmaps(struct image *image);

#endif
