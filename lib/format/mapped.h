/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory as a mapped-ram image has it: each page at its own place in the
 * file, and a bitmap that says which pages are there.  QEMU:
 * migration/ram.c, ram_save_file_bmap, parse_ramblock_mapped_ram.
 */
#ifndef FORMAT_MAPPED_H
#define FORMAT_MAPPED_H

#include "base/bitmap.h"
#include "format/ram_list.h"
#include "ram/page.h"

/*
 * Reads the bitmap of a block.  Set bits behind the last page are
 * SAVETOOL_CORRUPT, or cleared here if strays may be; pages that are present
 * beyond the end of the file are SAVETOOL_INCOMPLETE.  The words of a
 * big-endian host are put in order.
 */
int mapped_read_bitmap(struct bitmap *bitmap, struct input *in,
		       const struct ram_list *list, unsigned block,
		       bool big_endian, bool strays,
		       struct savetool_error *err);

/*
 * All pages of all blocks, in order; those whose bit is clear are absent.
 * The input, which must be seekable, the list and the bitmaps, one a block,
 * stay the caller's.
 */
struct mapped_source {
	struct page_source base;
	const struct ram_list *list;
	const struct bitmap *bitmaps;
	struct input *in;
	struct chunk_pool *pool;
	unsigned block;       /* that is being read */
	uint64_t offset;      /* in it, of the next page */
	uint64_t done;        /* of all blocks */
	struct extent extent; /* of the file, that was looked at last */
	uint64_t lost;        /* bytes of present pages that lie in holes */
};

void mapped_source_init(struct mapped_source *source,
			const struct ram_list *list,
			const struct bitmap *bitmaps, struct input *in,
			struct chunk_pool *pool);

/* Holes are not the image's own, and nothing lost: they are read as zeros. */
void mapped_source_read_holes(struct mapped_source *source);

/*
 * Writes pages to their places, and the bitmaps, for a host of that byte
 * order, when it is finished.  Places, one a block, are copied; out, which must
 * be seekable, and the layout stay the caller's.
 */
int mapped_sink_new(struct page_sink **sink, struct output *out,
		    const struct ram_layout *layout,
		    const struct mapped_header *headers, bool big_endian,
		    struct savetool_error *err);

#endif
