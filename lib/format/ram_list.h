/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of RAM blocks that starts the memory's section: names and lengths
 * and, in a mapped-ram image, where each block's bitmap and pages lie.
 * QEMU: migration/ram.c, ram_save_setup, parse_ramblocks,
 * mapped_ram_setup_ramblock.
 */
#ifndef FORMAT_RAM_LIST_H
#define FORMAT_RAM_LIST_H

#include "io/output.h"
#include "io/reader.h"
#include "ram/block.h"

/* Offsets in the file, whatever offset the stream starts at. */
struct mapped_header {
	uint64_t header_offset; /* of the block's name */
	uint64_t header_length;
	uint64_t bitmap_offset;
	uint64_t pages_offset;
};

struct ram_list {
	struct ram_layout layout;
	bool mapped;
	struct mapped_header *headers; /* one a block, NULL unless mapped */
	uint64_t start, end;           /* of the blocks, in the file */
};

/* What a stream has said before that its list depends on. */
struct ram_list_context {
	bool mapped;
	bool ignore_shared; /* each block has a guest address */
	bool postcopy;      /* a block may have a page size of its own */
	uint64_t page_size; /* of the target; 0: not said */
};

/*
 * Reads the list, from the memory section's header on.  Of a mapped-ram image
 * it passes over the pages and checks that no two parts of it overlap, and
 * that all of them lie in the file, but pages beyond its end.  Of a sequential
 * one whose page size is not said, it is read with the least there is.
 */
int ram_list_read(struct ram_list *list, struct reader *reader,
		  const struct ram_list_context *context,
		  struct savetool_error *err);

/*
 * Of a mapped-ram image: no two parts share a byte, and none lies in what came
 * before the list, or behind it up to the end of the stream.  QEMU does not
 * check this; it would load nonsense.
 */
int ram_list_check(const struct ram_list *list, uint64_t stream_end,
		   struct savetool_error *err);

/* Appends the list of a sequential stream. */
int ram_list_write(const struct ram_layout *layout, struct output *out,
		   struct savetool_error *err);

/*
 * Appends the list of a mapped-ram stream, with room for bitmaps and pages
 * where QEMU leaves it, and says in places, one a block, where that is.
 */
int ram_list_write_mapped(const struct ram_layout *layout, struct output *out,
			  struct mapped_header *headers,
			  struct savetool_error *err);

void ram_list_free(struct ram_list *list);

#endif
