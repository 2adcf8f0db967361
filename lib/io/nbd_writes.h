/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes to an NBD export, many of them under way at a time.  A server may do
 * those in any order, so none overtakes another one that it overlaps.
 */
#ifndef IO_NBD_WRITES_H
#define IO_NBD_WRITES_H

#include "io/connection.h"

/* As many requests may be under way. */
#define NBD_WRITES 32

/* A request that writes, or makes zeros. */
struct nbd_write {
	struct request request;
	bool busy; /* started, and not waited for */
	uint64_t offset, length;
	uint8_t *data; /* REQUEST_MOST bytes */
};

struct nbd_writes {
	struct savetool_connection *connection;
	const struct savetool_monitor *monitor;
	uint64_t written;  /* bytes, including overwritten ones */
	uint64_t expected; /* how many those will be, or SAVETOOL_UNKNOWN */

	uint8_t *memory;
	struct nbd_write slots[NBD_WRITES];
	unsigned next;            /* the slot that is used next */
	struct nbd_write *filled; /* gets what comes next; NULL: none */
};

/* The connection outlives them.  The monitor may be NULL. */
int nbd_writes_init(struct nbd_writes *writes,
		    struct savetool_connection *connection,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err);

/* Waits for what is under way.  All zero is fine. */
void nbd_writes_release(struct nbd_writes *writes);

/* Writes bytes, or zeros if data is NULL; contiguous ones by one request. */
int nbd_writes_put(struct nbd_writes *writes, const uint8_t *data, size_t size,
		   uint64_t offset, struct savetool_error *err);

/* Makes zeros; the server must be able to.  At most REQUEST_RANGE bytes. */
int nbd_writes_zero(struct nbd_writes *writes, uint64_t offset, uint64_t length,
		    struct savetool_error *err);

/* Waits for what overlaps these bytes, so that they can be read. */
int nbd_writes_settle(struct nbd_writes *writes, uint64_t offset,
		      uint64_t length, struct savetool_error *err);

/* Waits for all.  The server may not have written them to its disk. */
int nbd_writes_finish(struct nbd_writes *writes, struct savetool_error *err);

/* Waits until all are on the server's disk, if it can say so. */
int nbd_writes_sync(struct nbd_writes *writes, struct savetool_error *err);

/* Forgets what was not sent yet, and waits for the rest, whatever it says. */
void nbd_writes_drop(struct nbd_writes *writes);

/* A failure of the connection, which the message has to name.  Always -1. */
int nbd_writes_fail(const struct nbd_writes *writes,
		    struct savetool_error *err);

#endif
