/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of RAM blocks at the start of the memory's section: names and
 * lengths and, in a mapped-ram image, where each block's bitmap and pages are.
 * QEMU: migration/ram.c, ram_save_setup, parse_ramblocks,
 * mapped_ram_setup_ramblock.
 */
#ifndef FORMAT_RAM_LIST_H
#define FORMAT_RAM_LIST_H

#include "io/output.h"
#include "io/reader.h"
#include "ram/block.h"

/* Offsets from the start of the file, not of the stream. */
struct mapped_header {
	uint64_t header_offset; /* of the block's name */
	uint64_t header_length;
	uint64_t bitmap_offset;
	uint64_t pages_offset;
};

struct ram_list {
	struct ram_layout layout;
	bool mapped;
	struct mapped_header *headers; /* one per block, NULL unless mapped */
	uint64_t start, end;           /* of all blocks, in the file */
	uint64_t total;                /* the length that they have in all */
};

/* What the stream has said before the list, and the list depends on. */
struct ram_list_context {
	bool mapped;
	bool ignore_shared; /* each block has a guest address */
	bool postcopy;      /* a block may have its own page size */
	uint64_t page_size; /* of the target; 0: not stated */
};

/*
 * Reads the list, from the memory section's header on.  For a mapped-ram image
 * it skips the pages and checks that no two parts overlap and that all but
 * pages lie within the file.  For a sequential image without a stated page
 * size, the smallest one is assumed.
 */
int ram_list_read(struct ram_list *list, struct reader *reader,
		  const struct ram_list_context *context,
		  struct savetool_error *err);

/*
 * The same in steps, for a mapped-ram image that is read forwards: first what
 * precedes the blocks, then one block after another.  The caller skips the
 * pages of each before it asks for the next one.  1, or 0 if there is none.
 */
int ram_list_begin(struct ram_list *list, struct reader *reader,
		   const struct ram_list_context *context,
		   struct savetool_error *err);
int ram_list_next(struct ram_list *list, struct reader *reader,
		  const struct ram_list_context *context,
		  struct savetool_error *err);

/* Are all blocks in it?  Not always, if it is read in steps. */
static inline bool ram_list_is_whole(const struct ram_list *list)
{
	return list->layout.length >= list->total;
}

/*
 * Checks a mapped-ram image: no two parts share a byte, and none lies in what
 * came before the list, or in what follows it up to the end of the stream.
 * QEMU does not check this; it would load nonsense.
 */
int ram_list_check(const struct ram_list *list, uint64_t stream_end,
		   struct savetool_error *err);

/* Appends the list of a sequential stream. */
int ram_list_write(const struct ram_layout *layout, struct output *out,
		   struct savetool_error *err);

/*
 * Appends the list of a mapped-ram stream, with the space for bitmaps and pages
 * that QEMU leaves, and stores in headers, one per block, where they go.
 */
int ram_list_write_mapped(const struct ram_layout *layout, struct output *out,
			  struct mapped_header *headers,
			  struct savetool_error *err);

/*
 * The same in steps: the length of all blocks, and then each block with its
 * space.
 */
int ram_list_write_total(uint64_t total, struct output *out,
			 struct savetool_error *err);
int ram_list_write_block(const struct ram_layout *layout, unsigned index,
			 struct output *out, struct mapped_header *header,
			 struct savetool_error *err);

void ram_list_free(struct ram_list *list);

#endif
