/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads ahead from an NBD export, so that nobody waits for the network at each
 * step.  Whoever reads one part after the other, with small gaps or none, gets
 * what comes next fetched in blocks before asking for it.  What lies in holes
 * is not fetched, and never much more ahead than was read so far.
 */
#ifndef IO_NBD_CACHE_H
#define IO_NBD_CACHE_H

#include "io/nbd_extents.h"

#include <sys/types.h>

struct nbd_cache;

/* The extents outlive it. */
int nbd_cache_new(struct nbd_cache **cache, struct nbd_extents *extents,
		  struct savetool_error *err);

/*
 * Waits for what is on its way.  NULL is fine.  The monitor may be NULL, and
 * lets the wait end.
 */
void nbd_cache_free(struct nbd_cache *cache,
		    const struct savetool_monitor *monitor);

/*
 * Reads at least one byte, which must be in the export, and at most size.
 * Several threads may do so at the same time.
 */
ssize_t nbd_cache_read(struct nbd_cache *cache, void *data, size_t size,
		       uint64_t offset, const struct savetool_monitor *monitor,
		       struct savetool_error *err);

#endif
