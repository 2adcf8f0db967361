/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page that comes as its changes, applied to what was written of it. */
#ifndef RAM_DELTA_H
#define RAM_DELTA_H

#include "io/output.h"
#include "ram/page.h"

/*
 * Makes the page out of a run of PAGE_DELTA.  was_written: the output has the
 * page at this offset, and everything has reached it; otherwise the page was
 * zero.
 */
int delta_resolve(uint8_t *page, uint64_t page_size, const struct page_run *run,
		  struct output *out, bool was_written, uint64_t offset,
		  struct savetool_error *err);

#endif
