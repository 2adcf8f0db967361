/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sink that counts pages. */
#ifndef RAM_COUNT_H
#define RAM_COUNT_H

#include "ram/page.h"

/* The counts of one block. */
struct page_counts {
	uint64_t present;    /* whose last record has data */
	uint64_t zero;       /* those of them whose data is zero */
	uint64_t superseded; /* records that a later one replaces */
};

/* The layout stays the caller's. */
int count_sink_new(struct page_sink **sink, const struct ram_layout *layout,
		   struct savetool_error *err);

/* After finish: the counts of the block with this index. */
const struct page_counts *count_sink_result(const struct page_sink *sink,
					    unsigned block);

#endif
