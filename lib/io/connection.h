/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to an NBD server, with many requests under way at a time.  Any
 * thread may start requests and wait for its own.  If the connection breaks, or
 * a wait is stopped, all requests have failed, and the memory that they were to
 * fill is no longer used.
 */
#ifndef IO_CONNECTION_H
#define IO_CONNECTION_H

#include "savetool.h"

/* What one request transfers at most. */
#define REQUEST_MOST ((size_t)256 << 10)

/* A block status covers at most so much, and so does a request for zeros. */
#define REQUEST_RANGE (UINT64_C(1) << 30)

/* What the server said of the export. */
struct export_info {
	uint64_t size;
	bool read_only;
	bool has_extents; /* block status */
	bool can_zero;
	bool can_flush;
};

/* Lives until it was waited for. */
struct request {
	bool done;
	int error; /* an errno, once it is done; 0: none */
	struct request *next;
};

/* One range of a block status. */
struct status {
	uint64_t length;
	bool zero; /* reads as zeros */
};

/* The answer to a block status; all 0 is a good start. */
struct status_answer {
	struct status *ranges;
	size_t count;
};

/* For one more user; savetool_disconnect() is for the last one, too. */
struct savetool_connection *connection_share(
	struct savetool_connection *connection);

const struct export_info *connection_info(
	const struct savetool_connection *connection);
const char *connection_uri(const struct savetool_connection *connection);

/*
 * Start a request.  The data of a write, too, must stay as it is until the
 * request was waited for.  If they fail, nothing was started.
 */
int connection_read(struct savetool_connection *connection,
		    struct request *request, void *data, size_t size,
		    uint64_t offset, struct savetool_error *err);
int connection_write(struct savetool_connection *connection,
		     struct request *request, const void *data, size_t size,
		     uint64_t offset, struct savetool_error *err);
int connection_zero(struct savetool_connection *connection,
		    struct request *request, uint64_t offset, uint64_t length,
		    struct savetool_error *err);
int connection_flush(struct savetool_connection *connection,
		     struct request *request, struct savetool_error *err);

/* The ranges of the answer are freed by the caller, also after a failure. */
int connection_status(struct savetool_connection *connection,
		      struct request *request, struct status_answer *answer,
		      uint64_t offset, uint64_t length,
		      struct savetool_error *err);

/*
 * Waits for a request.  Fails if the connection broke, or the monitor, which
 * may be NULL, stopped the wait; how the request itself went is in its error.
 */
int connection_wait(struct savetool_connection *connection,
		    struct request *request,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err);

/* Sends and receives what is possible without a wait. */
void connection_poke(struct savetool_connection *connection);

static inline void cleanup_connection_(struct savetool_connection **connection)
{
	savetool_disconnect(*connection);
}
#define cleanup_connection __attribute__((cleanup(cleanup_connection_)))

#endif
