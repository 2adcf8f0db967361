/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The heart of every conversion: moves pages from a source to a sink, in the
 * source's order.  A thread of its own reads, decompresses, looks for zero
 * pages and lets the sink prepare, while the caller's thread writes.
 *
 * Batches travel in a ring of fixed size, so memory is bounded, and the faster
 * side waits for the slower one.  Sinks know each page's place in advance, and
 * pages of one address always pass in order.  So either side could get more
 * threads by dividing the batches among them by address.
 *
 * A stream has its pages in many sections: QEMU writes one about every 4 MB.
 * One pump serves all of them.  Its thread starts with the first, and waits
 * between them.
 */
#ifndef RAM_PUMP_H
#define RAM_PUMP_H

#include "ram/page.h"

/* Batches on their way at once. */
#define PUMP_DEPTH 4

/*
 * The chunks that may be in use elsewhere while a source fills a batch, two per
 * batch.  Its pool needs two more than this.
 */
#define PUMP_CHUNKS (2 * (PUMP_DEPTH + 1))

struct pump;

/* Does not start the thread yet. */
int pump_new(struct pump **pump, struct savetool_error *err);

/* Ends the thread, if it was started.  NULL is fine. */
void pump_free(struct pump *pump);

static inline void cleanup_pump(struct pump **pump)
{
	pump_free(*pump);
}

/*
 * Moves all that the source has now.  Does not finish the sink: more may follow
 * from another section.  The monitor may be NULL.
 *
 * Meanwhile the source, and all that it reads from, belongs to the pump's
 * thread.  When this returns, whatever the result, the thread has released it
 * and no batch holds a chunk.  So the caller can use the same reader, or run
 * the pump again.
 */
int pump_run(struct pump *pump, struct page_source *source,
	     struct page_sink *sink, const struct savetool_monitor *monitor,
	     struct savetool_error *err);

#endif
