/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the parts of RAM blocks go in an output, and a sink that writes them
 * there.  A part can go to several places, and what has no place is left out.
 */
#ifndef RAM_PLACES_H
#define RAM_PLACES_H

#include "io/output.h"
#include "ram/page.h"

struct ram_place {
	unsigned block;  /* its index in the layout */
	uint64_t offset; /* in the block */
	uint64_t length;
	uint64_t to; /* in the output */
};

/*
 * No two places overlap in the output.  Zeroed when new.  The same table says
 * what the guest sees: then "to" is a guest-physical address.
 */
struct ram_places {
	size_t count, space;
	struct ram_place *list;
};

/* Adds a place that overlaps none; an empty one is left out. */
int ram_places_add(struct ram_places *places, const struct ram_place *place,
		   struct savetool_error *err);

/* Takes a range of the output out of all places. */
int ram_places_cut(struct ram_places *places, uint64_t to, uint64_t length,
		   struct savetool_error *err);

/* Adds a place that hides what it overlaps, or is hidden by it. */
int ram_places_cover(struct ram_places *places, const struct ram_place *place,
		     struct savetool_error *err);
int ram_places_fill(struct ram_places *places, const struct ram_place *place,
		    struct savetool_error *err);

/* Sorts them by "to", and joins those that adjoin on both sides. */
void ram_places_sort(struct ram_places *places);

/* Where the last one ends. */
uint64_t ram_places_end(const struct ram_places *places);
void ram_places_free(struct ram_places *places);

static inline void cleanup_ram_places_(struct ram_places *places)
{
	ram_places_free(places);
}
#define cleanup_ram_places __attribute__((cleanup(cleanup_ram_places_)))

/*
 * A sink that writes pages to their places.  What was never written reads as
 * zeros in the output, and stays a hole there: pages that are zero or absent
 * are not written, and a page that becomes zero later is punched out.
 *
 * The places, whose offsets and lengths must be multiples of the page size, are
 * copied.  out, which must be seekable, and the layout stay the caller's.
 */
int placed_sink_new(struct page_sink **sink, struct output *out,
		    const struct ram_layout *layout,
		    const struct ram_places *places,
		    struct savetool_error *err);

/* Did any page come? */
bool placed_sink_is_used(const struct page_sink *sink);

#endif
