/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the two compared images: a walk over it, and what it keeps. */
#ifndef COMPARE_SIDE_H
#define COMPARE_SIDE_H

#include "format/fields.h"
#include "walk/kept_sections.h"
#include "walk/walk.h"

struct side {
	struct visitor base;
	struct savetool_image *image;
	struct pass pass;
	struct page_sink *sink; /* for its pages; NULL: they are not walked */

	/* Makes it once the blocks are known; NULL: there will be none. */
	int (*make_sink)(struct side *side, const struct ram_list *list,
			 struct savetool_error *err);
	void *owner; /* of make_sink() */

	struct kept_sections early; /* before the devices */
	const struct tail *tail;    /* the pass's */
	struct fields *fields;
};

/* Begins a pass.  The image stays the caller's; the side must not move. */
int side_begin(struct side *side, struct savetool_image *image,
	       struct savetool_error *err);

/* Walks it; all fields are known then. */
int side_walk(struct side *side, const struct savetool_monitor *monitor,
	      struct savetool_error *err);

/*
 * Walks it again from the start, each page whole and once.  The sink is made
 * anew.
 */
int side_walk_latest(struct side *side, const struct savetool_monitor *monitor,
		     struct savetool_error *err);

/* One of zeros is fine. */
void side_end(struct side *side);

#endif
