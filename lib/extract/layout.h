/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the guest sees its memory blocks. */
#ifndef EXTRACT_LAYOUT_H
#define EXTRACT_LAYOUT_H

#include "extract/guest.h"
#include "ram/places.h"

/* Whether a block has an address, and if not, why. */
enum unplaced {
	PLACED,          /* it has */
	UNPLACED_HIDDEN, /* the guest does not see it, as it is now */
	UNPLACED_UNKNOWN /* the address is not known */
};

struct layout {
	struct ram_places places; /* by guest-physical address */
	enum unplaced *unplaced;  /* of each block */

	/*
	 * The addresses are those that the machine type has by itself, because
	 * nothing in the image confirms them.
	 */
	bool assumed;
};

/* Zeroed when new.  It has to be released, even after a failure. */
int layout_find(struct layout *layout, const struct guest *guest,
		struct savetool_error *err);
void layout_release(struct layout *layout);

static inline void cleanup_layout_(struct layout *layout)
{
	layout_release(layout);
}
#define cleanup_layout __attribute__((cleanup(cleanup_layout_)))

/* Moves a block to an address, over other memory that may be there. */
int layout_move(struct layout *layout, const struct ram_block *block,
		uint64_t address, struct savetool_error *err);

#endif
