/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map of an image's file, on its way to whoever wants it: stretches are
 * added from the first byte to the last, parted by the storage they have, and
 * told as soon as nothing more can adjoin.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include "image/image.h"

struct map {
	struct savetool_image *image;
	struct input *in; /* the file */
	bool scan;        /* look for zero pages */
	const struct savetool_monitor *monitor;
	int (*each)(void *data, const struct savetool_extent *extent);
	void *data;
	uint64_t at;           /* behind what has been added */
	uint64_t reported;     /* what the monitor knows */
	struct extent storage; /* that was looked at last */
	struct savetool_extent
		parked; /* may still grow; length 0: there is none */
};

/* About no block and no section. */
#define MAP_NOTHING .page = SAVETOOL_UNKNOWN, .instance = SAVETOOL_UNKNOWN

/* The storage from where the map is, which is inside, at most to limit. */
int map_storage(struct map *map, uint64_t limit, struct extent *storage,
		struct savetool_error *err);

/*
 * Adds a piece whose storage is known, behind what was added before; start is
 * filled in here.  Of pages, page is the one its first byte belongs to.
 */
int map_put(struct map *map, struct savetool_extent piece,
	    struct savetool_error *err);

/*
 * Adds length bytes, of at most one page, in as many pieces as their storage
 * has; the piece's start, length and allocated are filled in here.
 */
int map_add(struct map *map, const struct savetool_extent *what,
	    uint64_t length, struct savetool_error *err);

/* The same of what is about nothing else, up to offset, if not beyond. */
int map_add_to(struct map *map, enum savetool_extent_type type, uint64_t offset,
	       struct savetool_error *err);

/* Passes on what may still have grown: nothing adjoins it any more. */
int map_flush(struct map *map, struct savetool_error *err);

/* From the tail's first byte to the end of the image. */
int map_tail(struct map *map, const struct tail *tail,
	     struct savetool_error *err);

/*
 * Of a mapped-ram image that image_start() has just started, everything but
 * the pages is read: what is damaged is known before a map is begun.
 */
int map_mapped_read(struct map *map, struct savetool_error *err);

/*
 * From the stream's first byte to the end of the file: of a sequential image
 * that image_start() has just started, and a mapped-ram one that has been
 * looked at.
 */
int map_sequential(struct map *map, struct savetool_error *err);
int map_mapped(struct map *map, struct savetool_error *err);

/* The places of a block's pages, of which the map is at the first. */
int map_pages(struct map *map, const struct ram_block *block,
	      const struct bitmap *bitmap, uint64_t page_size,
	      struct savetool_error *err);

#endif
