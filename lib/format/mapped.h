/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory as a mapped-ram image has it: each page in its own slot of the file,
 * and a bitmap that says which pages are present.  QEMU: migration/ram.c,
 * ram_save_file_bmap, parse_ramblock_mapped_ram.
 */
#ifndef FORMAT_MAPPED_H
#define FORMAT_MAPPED_H

#include "base/bitmap.h"
#include "format/mapped_base.h"
#include "format/mapped_order.h"
#include "format/ram_list.h"
#include "ram/page.h"

/*
 * Reads the bitmap of a block, which for a big-endian host is swapped to our
 * order.  Bits set after the last page are SAVETOOL_CORRUPT, or with strays are
 * just cleared here.  Present pages past the end of the file are
 * SAVETOOL_INCOMPLETE.
 */
int mapped_read_bitmap(struct bitmap *bitmap, struct input *in,
		       const struct ram_list *list, unsigned block,
		       bool big_endian, bool strays,
		       struct savetool_error *err);

/*
 * The same for a file that ends somewhere in the pages: *left is how many of
 * the block's pages lie before its end, and all others are absent.  The bitmap
 * has to be freed.
 */
int mapped_read_cut_bitmap(struct bitmap *bitmap, uint64_t *left,
			   struct input *in, const struct ram_list *list,
			   unsigned block, bool big_endian,
			   struct savetool_error *err);

/* The same as the first, but moves the reader there, which only goes forwards.
 */
int mapped_take_bitmap(struct bitmap *bitmap, struct reader *reader,
		       const struct ram_list *list, unsigned block,
		       bool big_endian, bool strays,
		       struct savetool_error *err);

/*
 * The pages of one block, from a reader that comes to them, and only goes
 * forwards.  Slots of absent pages are looked at on the way.
 */
struct mapped_forwards {
	struct page_source base;
	struct reader *reader;
	const struct ram_list *list;
	const struct bitmap *bitmap;
	unsigned block;
	uint64_t offset; /* of the next page, in the block */
	uint64_t done;   /* bytes of the blocks before it */
	uint64_t stale;  /* bytes that are not zero in slots of absent pages */
	struct mapped_votes votes; /* on the byte order of the bitmap */
};

void mapped_forwards_init(struct mapped_forwards *source,
			  const struct ram_list *list, unsigned block,
			  const struct bitmap *bitmap, struct reader *reader,
			  uint64_t done);

/*
 * All pages of all blocks, in order; those whose bit is clear are absent.  The
 * input, which must be seekable, the list and the bitmaps, one per block, stay
 * the caller's.
 */
struct mapped_source {
	struct page_source base;
	const struct ram_list *list;
	const struct bitmap *bitmaps;
	struct input *in;
	struct chunk_pool *pool;
	unsigned block;       /* being read */
	uint64_t offset;      /* of the next page, in the block */
	uint64_t done;        /* bytes of all blocks */
	struct extent extent; /* of the file, looked up last */
	uint64_t lost;        /* bytes of present pages that lie in holes */
};

void mapped_source_init(struct mapped_source *source,
			const struct ram_list *list,
			const struct bitmap *bitmaps, struct input *in,
			struct chunk_pool *pool);

/*
 * Reads holes as zeros, without counting them as lost: they are not the image's
 * own.
 */
void mapped_source_read_holes(struct mapped_source *source);

/*
 * Writes pages to their slots, and at finish the bitmaps, in that byte order.
 * headers, one per block, are copied.  out, which must be seekable, and the
 * layout stay the caller's.  So does the base, whose storage equal pages will
 * share; NULL: there is none.
 */
int mapped_sink_new(struct page_sink **sink, struct output *out,
		    const struct ram_layout *layout,
		    const struct mapped_header *headers, bool big_endian,
		    struct mapped_base *base, struct savetool_error *err);

/* The layout has one more block, with this header. */
int mapped_sink_grow(struct page_sink *sink, const struct mapped_header *header,
		     struct savetool_error *err);

#endif
