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
	const char *bytes; /* written in place of what data says */
	bool remember;     /* the memory changes with it */
	uint8_t *old;
	uint8_t *new;
};

void pages_read(struct pages *pages, struct image *image, struct line *line);
void pages_free(struct pages *pages);

/*
 * Moves to the next page, of which old is what memory holds and new what it
 * is to hold: the old with data and poke applied, if they were given.
 */
bool pages_next(struct pages *pages);

/* Has memory hold the new page. */
void pages_remember(const struct pages *pages);

/* mapped.c: the header in the block list, and writing moved behind it. */
void mapped_block(struct image *image, struct line *line, struct block *block);

/* The page's slot takes the data; the bit says whether that counts. */
void mapped_store(struct image *image, const struct pages *pages);
void mapped_set_bit(const struct pages *pages, bool present);
void mapped_write_bitmaps(struct image *image);

#endif
