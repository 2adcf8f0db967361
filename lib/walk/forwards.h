/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of a mapped-ram image that can be read only forwards: a block, its
 * bitmap, its pages, and then the next block.
 */
#ifndef WALK_FORWARDS_H
#define WALK_FORWARDS_H

#include "image/doubt.h"
#include "ram/pump.h"
#include "walk/walk.h"

/* What was seen on the way, and could not be looked up later. */
struct forwards {
	uint64_t stale;         /* bytes in slots of absent pages */
	bool present;           /* there is a present page */
	bool emptied;           /* a block has none, but data in its slots */
	bool emptied_prefilled; /* a block that the destination fills does */
	struct mapped_votes votes;
};

/*
 * Reads the list of blocks and moves all pages to the visitor's sink, which is
 * written to *sink.  The section goes on with its end mark.
 */
int forwards_read(struct forwards *forwards, struct pass *pass,
		  struct visitor *visitor, const struct section *section,
		  struct pump *pump, struct page_sink **sink,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err);

/* As trust_storage() and trust_order(), of what was seen. */
enum doubt forwards_doubt(const struct forwards *forwards,
			  const struct pass *pass);
enum mapped_order forwards_order(const struct forwards *forwards,
				 const struct pass *pass);

#endif
