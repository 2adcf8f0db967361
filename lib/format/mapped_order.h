/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The byte order of a mapped-ram image's bitmaps, which is not recorded
 * anywhere.
 */
#ifndef FORMAT_MAPPED_ORDER_H
#define FORMAT_MAPPED_ORDER_H

#include "base/bitmap.h"
#include "format/ram_list.h"
#include "io/input.h"

enum mapped_order {
	MAPPED_ORDER_FITS,
	MAPPED_ORDER_UNKNOWN,  /* could be either: both fit, or nearly */
	MAPPED_ORDER_DOUBTFUL, /* the other one fits better */
	MAPPED_ORDER_WRONG,    /* nearly everything fits only the other one */
};

/* How the pages that were looked at speak for the two orders. */
struct mapped_votes {
	uint64_t as_read, other;
	bool absent_data; /* an absent page holds data: it could be lost */
};

/* Does this page's bit differ between the two? */
bool mapped_order_differs(const struct bitmap *bitmap, uint64_t page);

/* Takes the vote of a page whose bit does. */
void mapped_order_vote(struct mapped_votes *votes, bool present, bool zero);

/* What all votes come to. */
enum mapped_order mapped_order_decide(const struct mapped_votes *votes);

/*
 * Do the pages fit the bitmaps better as they were read, or with the bytes of
 * their words swapped?  Reads a few hundred of the pages whose bits differ
 * between the two: a present page should hold data, an absent one should be
 * zero.
 */
int mapped_order_probe(enum mapped_order *order, struct input *in,
		       const struct ram_list *list,
		       const struct bitmap *bitmaps,
		       struct savetool_error *err);

#endif
