/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The byte order of a mapped-ram image's bitmaps, which nothing records. */
#ifndef FORMAT_MAPPED_ORDER_H
#define FORMAT_MAPPED_ORDER_H

#include "base/bitmap.h"
#include "format/ram_list.h"
#include "io/input.h"

enum mapped_order {
	MAPPED_ORDER_FITS,
	MAPPED_ORDER_UNTOLD,   /* it may be either: the same, or nearly */
	MAPPED_ORDER_DOUBTFUL, /* the other one fits better */
	MAPPED_ORDER_WRONG,    /* nearly all fits the other one only */
};

/*
 * How do the pages fit the bitmaps, beside how they would if those were taken
 * for ones of the other byte order?  A few hundred of those pages are read
 * whose bits differ between the two: what is present should hold data, what is
 * not should be zero.
 */
int mapped_order_probe(enum mapped_order *order, struct input *in,
		       const struct ram_list *list,
		       const struct bitmap *bitmaps,
		       struct savetool_error *err);

#endif
