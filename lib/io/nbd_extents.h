/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an NBD export has data, and where holes, as its server reports. */
#ifndef IO_NBD_EXTENTS_H
#define IO_NBD_EXTENTS_H

#include "io/connection.h"
#include "io/extents.h"

#include <pthread.h>

struct nbd_extents {
	struct savetool_connection *connection;
	pthread_mutex_t lock;
	struct extents known;  /* from the start */
	struct extents recent; /* the last answer, if no more are kept */
	uint64_t recent_start; /* which is that of offset 0 there */
};

void nbd_extents_init(struct nbd_extents *extents,
		      struct savetool_connection *connection);
void nbd_extents_release(struct nbd_extents *extents);

/*
 * The part from offset on, which is in the export, of the extent that it lies
 * in.  Everything is data if the server reports no extents.
 */
int nbd_extents_find(struct nbd_extents *extents, uint64_t offset,
		     struct extent *extent,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err);

#endif
