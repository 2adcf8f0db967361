/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds the map of an image's file.  Pieces are added from the first byte to
 * the last, split by whether they are allocated, and reported as soon as
 * nothing more can adjoin them.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include "image/pass.h"

struct map {
	struct savetool_image *image;
	struct pass *pass; /* over it, once it has begun */
	struct input *in;  /* the file */
	bool scan;         /* look for zero pages */
	const struct savetool_monitor *monitor;
	int (*each)(void *data, const struct savetool_extent *extent);
	void *data;
	uint64_t at;           /* just past what has been added */
	uint64_t reported;     /* progress so far */
	struct extent storage; /* looked up last */
	struct extent ahead;   /* allocated, never written: the next */
	bool ahead_known;
	bool copied; /* holes under this block's pages are no loss */
	struct savetool_extent parked; /* may still grow; length 0: none */
};

/* Not about a block or section. */
#define MAP_NOTHING .page = SAVETOOL_UNKNOWN, .instance = SAVETOOL_UNKNOWN

/*
 * The storage at the map's position, which must be inside the file, at most up
 * to limit.  unwritten: it is a hole that is allocated ahead.
 */
int map_storage(struct map *map, uint64_t limit, struct extent *storage,
		bool *unwritten, struct savetool_error *err);

/*
 * Adds a piece whose storage is known after what was added before; its start is
 * filled in here.  For pages, page is the one that its first byte belongs to.
 */
int map_put(struct map *map, struct savetool_extent piece,
	    struct savetool_error *err);

/*
 * Adds length bytes, of at most one page, in as many pieces as their storage
 * has.  Start, length and allocated of each piece are filled in here.
 */
int map_add(struct map *map, const struct savetool_extent *what,
	    uint64_t length, struct savetool_error *err);

/*
 * The same for bytes that are about nothing else, up to offset; nothing if the
 * map is past it.
 */
int map_add_to(struct map *map, enum savetool_extent_type type, uint64_t offset,
	       struct savetool_error *err);

/*
 * Reports the extent that could still have grown: nothing adjoins it any more.
 */
int map_flush(struct map *map, struct savetool_error *err);

/* Maps from the tail's first byte to the end of the image. */
int map_tail(struct map *map, const struct tail *tail,
	     struct savetool_error *err);

/*
 * For a mapped-ram image that pass_begin() has just started: reads everything
 * but the pages, so that damage is known before the map is begun.
 */
int map_mapped_read(struct map *map, struct savetool_error *err);

/*
 * Map from the stream's first byte to the end of the file.  map_sequential()
 * needs an image that pass_begin() has just started, map_mapped() one that
 * map_mapped_read() has read.
 */
int map_sequential(struct map *map, struct savetool_error *err);
int map_mapped(struct map *map, struct savetool_error *err);

/* Maps the slots of a block's pages; the map must be at the first. */
int map_pages(struct map *map, const struct ram_block *block,
	      const struct bitmap *bitmap, uint64_t page_size,
	      struct savetool_error *err);

#endif
