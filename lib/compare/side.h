/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the two images: a walk over it, and what is kept of it. */
#ifndef COMPARE_SIDE_H
#define COMPARE_SIDE_H

#include "format/fields.h"
#include "walk/walk.h"

#include <xxhash.h>

/* So much is kept of the sections before the devices, to name their fields. */
#define EARLY_KEPT (UINT64_C(1) << 20)

/*
 * A section other than memory that comes before the devices.  All parts of one
 * are taken together.
 */
struct early_section {
	char *name;
	uint32_t instance;
	XXH3_state_t *sum;
	uint64_t length;
	uint8_t *bytes; /* the first ones */
	size_t kept;
};

struct side {
	struct visitor base;
	struct savetool_image *image;
	struct pass pass;
	struct page_sink *sink; /* for its pages; NULL: they are not walked */

	/* Makes it once the blocks are known; NULL: there will be none. */
	int (*make_sink)(struct side *side, const struct ram_list *list,
			 struct savetool_error *err);
	void *owner; /* of make_sink() */

	struct output payload; /* of the section that is being read */
	struct early_section *early;
	unsigned early_count, early_current;
	uint64_t early_kept;
	const struct tail *tail; /* the pass's */
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
