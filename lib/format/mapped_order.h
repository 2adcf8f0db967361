/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The byte order of a mapped-ram image's bitmaps, which nothing records. */
#ifndef FORMAT_MAPPED_ORDER_H
#define FORMAT_MAPPED_ORDER_H

#include "base/bitmap.h"
#include "format/ram_list.h"
#include "io/input.h"

/*
 * Do the pages fit the bitmap better if it is taken for one of the other byte
 * order?  A few hundred of those pages are read whose bits differ between the
 * two: what is present should hold data, what is not should be zero.
 */
int mapped_order_is_doubtful(bool *doubtful, struct input *in,
			     const struct ram_list *list,
			     const struct bitmap *bitmaps,
			     struct st_error *err);

/* Beyond doubt: do nearly all of those pages fit the other order only? */
int mapped_order_is_wrong(bool *wrong, struct input *in,
			  const struct ram_list *list,
			  const struct bitmap *bitmaps, struct st_error *err);

#endif
