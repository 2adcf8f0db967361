/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connects to an NBD server, and asks what it can do. */
#include "config.h"

#include "io/connection_internal.h"

#include "base/error.h"
#include "base/monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/*
 * The server says what it can do.  Asked for its block sizes, it could insist
 * on them; otherwise it takes requests of any byte.  libnbd clears the memory
 * that a read is to fill: a server may leave a part of it out, and what was
 * there before is nobody's business.
 */
static int prepare(struct nbd_handle *handle)
{
	if (nbd_set_uri_allow_local_file(handle, true) < 0 ||
	    nbd_add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) < 0)
		return -1;
	return nbd_set_request_block_size(handle, false);
}

static int learn_info(struct export_info *info, struct nbd_handle *handle)
{
	int64_t size = nbd_get_size(handle);
	int read_only = nbd_is_read_only(handle);

	if (size < 0 || read_only < 0)
		return -1;
	*info = (struct export_info){
		.size = (uint64_t)size,
		.read_only = read_only > 0,
		.has_extents =
			nbd_can_meta_context(
				handle, LIBNBD_CONTEXT_BASE_ALLOCATION) > 0,
		.can_zero = nbd_can_zero(handle) > 0,
		.can_flush = nbd_can_flush(handle) > 0,
	};
	return 0;
}

/* The caller has the lock. */
static int connect_to(struct savetool_connection *connection,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	struct nbd_handle *handle = nbd_create();

	connection->handle = handle;
	if (!handle || prepare(handle) < 0 ||
	    nbd_aio_connect_uri(handle, connection->uri) < 0)
		return connection_fail(err, "cannot connect");
	while (nbd_aio_is_connecting(handle) > 0) {
		struct pollfd fds[2];

		if (monitor_stopped(monitor) != 0)
			return fail_stopped(err);
		connection_poll(connection, fds, PATIENCE);
		if (connection_notify(handle, fds[0].revents) < 0)
			return connection_fail(err, "cannot connect");
	}
	if (nbd_aio_is_ready(handle) <= 0 ||
	    learn_info(&connection->info, handle) < 0)
		return connection_fail(err, "cannot connect");
	return 0;
}

int savetool_connect(struct savetool_connection **result, const char *uri,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	struct savetool_connection *connection = calloc(1, sizeof(*connection));
	int failed;

	if (!connection)
		return fail_memory(err);
	pthread_mutex_init(&connection->lock, NULL);
	pthread_cond_init(&connection->moved, NULL);
	connection->users = 1;
	connection->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	connection->uri = strdup(uri);
	if (connection->wake < 0)
		failed = fail_errno(err, "cannot connect");
	else if (!connection->uri)
		failed = fail_memory(err);
	else {
		pthread_mutex_lock(&connection->lock);
		failed = connect_to(connection, monitor, err);
		pthread_mutex_unlock(&connection->lock);
	}
	if (failed) {
		connection_free(connection);
		return -1;
	}
	*result = connection;
	return 0;
}
