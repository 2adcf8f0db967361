/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages of a mapped-ram image that ends somewhere in them. */
#ifndef EXTRACT_CUT_PAGES_H
#define EXTRACT_CUT_PAGES_H

#include "image/pass.h"
#include "ram/page.h"

/*
 * Moves the pages that there are, once guest_read_cut_list() has read the list.
 * Then it fails with SAVETOOL_INCOMPLETE, which says where the image ends.  The
 * monitor may be NULL.
 */
int cut_pages_move(struct pass *pass, struct page_sink *sink,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err);

#endif
