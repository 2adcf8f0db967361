/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talks to an NBD server by libnbd. */
#include "config.h"

#include "io/connection_internal.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"

#include <errno.h>
#include <libnbd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

/* So many ranges of a block status are taken; a server may send millions. */
#define STATUS_MOST ((size_t)1 << 16)

bool savetool_is_uri(const char *path)
{
	static const char *const schemes[] = {
		"nbd://",       "nbds://",      "nbd+unix://",
		"nbds+unix://", "nbd+vsock://", "nbds+vsock://",
	};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncmp(path, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

int connection_fail(struct savetool_error *err, const char *what)
{
	const char *said = nbd_get_error(), *colon;
	int number = nbd_get_errno();

	if (!said)
		said = "unknown error";
	colon = strncmp(said, "nbd_", 4) == 0 ? strstr(said, ": ") : NULL;
	if (colon)
		said = colon + 2;
	fail(err, SAVETOOL_SYSTEM, "%s: %.400s", what, said);
	err->sys_errno = number;
	for (char *c = err->text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return -1;
}

/* The caller has the lock.  Nothing touches anybody's memory afterwards. */
static void give_up(struct savetool_connection *connection,
		    const struct savetool_error *err)
{
	if (!connection->handle)
		return;
	nbd_close(connection->handle);
	connection->handle = NULL;
	connection->error = *err;
	for (struct request *r = connection->under_way; r; r = r->next) {
		r->done = true;
		r->error = ENOTCONN;
	}
	connection->under_way = NULL;
	pthread_cond_broadcast(&connection->moved);
}

/* The caller has the lock. */
static int break_off(struct savetool_connection *connection,
		     struct savetool_error *err)
{
	struct savetool_error broken;

	if (nbd_aio_is_closed(connection->handle) > 0) {
		fail(&broken, SAVETOOL_SYSTEM,
		     "the server closed the connection");
		broken.sys_errno = ECONNRESET;
	} else {
		connection_fail(&broken, "the connection to the server broke");
	}
	give_up(connection, &broken);
	*err = connection->error;
	return -1;
}

/* The caller has the lock. */
static bool is_broken(const struct savetool_connection *connection)
{
	return nbd_aio_is_dead(connection->handle) > 0 ||
	       nbd_aio_is_closed(connection->handle) > 0;
}

int connection_notify(struct nbd_handle *handle, short events)
{
	unsigned direction = nbd_aio_get_direction(handle);

	if ((events & (POLLIN | POLLHUP | POLLERR)) &&
	    (direction & LIBNBD_AIO_DIRECTION_READ))
		return nbd_aio_notify_read(handle);
	if ((events & (POLLOUT | POLLHUP | POLLERR)) &&
	    (direction & LIBNBD_AIO_DIRECTION_WRITE))
		return nbd_aio_notify_write(handle);
	return 0;
}

static struct pollfd events_of(struct nbd_handle *handle)
{
	unsigned direction = nbd_aio_get_direction(handle);

	return (struct pollfd){
		.fd = nbd_aio_get_fd(handle),
		.events =
			(direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
			(direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0),
	};
}

void connection_poll(struct savetool_connection *connection,
		     struct pollfd fds[2], int wait)
{
	uint64_t count;

	fds[0] = events_of(connection->handle);
	fds[1] = (struct pollfd){ .fd = connection->wake, .events = POLLIN };
	connection->polling = true;
	pthread_mutex_unlock(&connection->lock);
	if (poll(fds, 2, wait) <= 0)
		fds[0].revents = fds[1].revents = 0;
	pthread_mutex_lock(&connection->lock);
	connection->polling = false;
	/* It is only there to end the wait. */
	if (fds[1].revents)
		(void)!read(connection->wake, &count, sizeof(count));
}

/* The caller has the lock.  Waits until something happens. */
static int step(struct savetool_connection *connection,
		const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	int wait = monitor && monitor->stopped ? PATIENCE : -1;
	struct pollfd fds[2];

	if (monitor_stopped(monitor) != 0) {
		fail_stopped(err);
		give_up(connection, err);
		return -1;
	}
	connection_poll(connection, fds, wait);
	pthread_cond_broadcast(&connection->moved);
	if (!connection->handle) {
		*err = connection->error;
		return -1;
	}
	if (connection_notify(connection->handle, fds[0].revents) < 0 ||
	    is_broken(connection))
		return break_off(connection, err);
	return 0;
}

static void forget(struct savetool_connection *connection,
		   const struct request *request)
{
	struct request **at = &connection->under_way;

	while (*at && *at != request)
		at = &(*at)->next;
	if (*at)
		*at = request->next;
}

int connection_wait(struct savetool_connection *connection,
		    struct request *request,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	int failed = 0;

	pthread_mutex_lock(&connection->lock);
	while (!request->done && !failed) {
		if (connection->polling)
			pthread_cond_wait(&connection->moved,
					  &connection->lock);
		else
			failed = step(connection, monitor, err);
	}
	forget(connection, request);
	if (!failed && request->error == ENOTCONN && connection->handle &&
	    is_broken(connection))
		failed = break_off(connection, err);
	if (!connection->handle && request->error == ENOTCONN) {
		*err = connection->error;
		failed = -1;
	}
	pthread_mutex_unlock(&connection->lock);
	return failed;
}

void connection_poke(struct savetool_connection *connection)
{
	struct savetool_error ignored;

	pthread_mutex_lock(&connection->lock);
	if (connection->handle && !connection->polling) {
		struct pollfd fd = events_of(connection->handle);

		if (poll(&fd, 1, 0) > 0 &&
		    connection_notify(connection->handle, fd.revents) < 0)
			break_off(connection, &ignored);
		pthread_cond_broadcast(&connection->moved);
	}
	pthread_mutex_unlock(&connection->lock);
}

/* libnbd calls it within our lock. */
static int completed(void *data, int *error)
{
	struct request *request = data;

	request->error = *error;
	request->done = true;
	return 1; /* libnbd may forget it */
}

/* Notes that it is on its way.  The caller has the lock, which is released. */
static int started(struct savetool_connection *connection,
		   struct request *request, int64_t cookie,
		   struct savetool_error *err)
{
	const uint64_t one = 1;
	int failed = 0;

	if (cookie < 0 && is_broken(connection)) {
		failed = break_off(connection, err);
	} else if (cookie < 0) {
		failed = connection_fail(err,
					 "cannot send a request to the server");
	} else {
		request->next = connection->under_way;
		connection->under_way = request;
	}
	/* The thread that polls may have to wait for something else now. */
	if (!failed && connection->polling &&
	    (nbd_aio_get_direction(connection->handle) &
	     LIBNBD_AIO_DIRECTION_WRITE))
		(void)!write(connection->wake, &one, sizeof(one));
	pthread_mutex_unlock(&connection->lock);
	return failed;
}

/* Takes the lock, unless the connection is broken. */
static int begin(struct savetool_connection *connection,
		 struct request *request, struct savetool_error *err)
{
	*request = (struct request){ .done = false };
	pthread_mutex_lock(&connection->lock);
	if (connection->handle)
		return 0;
	*err = connection->error;
	pthread_mutex_unlock(&connection->lock);
	return -1;
}

static nbd_completion_callback completion_of(struct request *request)
{
	return (nbd_completion_callback){
		.callback = completed,
		.user_data = request,
	};
}

int connection_read(struct savetool_connection *connection,
		    struct request *request, void *data, size_t size,
		    uint64_t offset, struct savetool_error *err)
{
	if (begin(connection, request, err) < 0)
		return -1;
	return started(connection, request,
		       nbd_aio_pread(connection->handle, data, size, offset,
				     completion_of(request), 0),
		       err);
}

int connection_write(struct savetool_connection *connection,
		     struct request *request, const void *data, size_t size,
		     uint64_t offset, struct savetool_error *err)
{
	if (begin(connection, request, err) < 0)
		return -1;
	return started(connection, request,
		       nbd_aio_pwrite(connection->handle, data, size, offset,
				      completion_of(request), 0),
		       err);
}

int connection_zero(struct savetool_connection *connection,
		    struct request *request, uint64_t offset, uint64_t length,
		    struct savetool_error *err)
{
	if (begin(connection, request, err) < 0)
		return -1;
	return started(connection, request,
		       nbd_aio_zero(connection->handle, length, offset,
				    completion_of(request), 0),
		       err);
}

int connection_flush(struct savetool_connection *connection,
		     struct request *request, struct savetool_error *err)
{
	if (begin(connection, request, err) < 0)
		return -1;
	return started(
		connection, request,
		nbd_aio_flush(connection->handle, completion_of(request), 0),
		err);
}

/* libnbd calls it within our lock.  The entries are lengths and flags. */
static int take_status(void *data, const char *context, uint64_t offset,
		       uint32_t *entries, size_t count, int *error)
{
	struct status_answer *answer = data;

	(void)offset;
	/* One answer counts, and the rest of a long one is asked for again. */
	if (strcmp(context, LIBNBD_CONTEXT_BASE_ALLOCATION) != 0 ||
	    answer->ranges)
		return 0;
	if (count > 2 * STATUS_MOST)
		count = 2 * STATUS_MOST;
	answer->ranges = calloc(count / 2 + 1, sizeof(*answer->ranges));
	if (!answer->ranges) {
		*error = ENOMEM;
		return -1;
	}
	for (size_t i = 0; i + 1 < count; i += 2)
		answer->ranges[answer->count++] = (struct status){
			.length = entries[i],
			.zero = entries[i + 1] & LIBNBD_STATE_ZERO,
		};
	return 0;
}

int connection_status(struct savetool_connection *connection,
		      struct request *request, struct status_answer *answer,
		      uint64_t offset, uint64_t length,
		      struct savetool_error *err)
{
	nbd_extent_callback extents = { .callback = take_status,
					.user_data = answer };

	if (begin(connection, request, err) < 0)
		return -1;
	return started(connection, request,
		       nbd_aio_block_status(connection->handle, length, offset,
					    extents, completion_of(request), 0),
		       err);
}

struct savetool_connection *connection_share(
	struct savetool_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	connection->users++;
	pthread_mutex_unlock(&connection->lock);
	return connection;
}

const struct export_info *connection_info(
	const struct savetool_connection *connection)
{
	return &connection->info;
}

const char *connection_uri(const struct savetool_connection *connection)
{
	return connection->uri;
}

void connection_free(struct savetool_connection *connection)
{
	if (connection->handle)
		nbd_close(connection->handle);
	if (connection->wake >= 0)
		close(connection->wake);
	pthread_mutex_destroy(&connection->lock);
	pthread_cond_destroy(&connection->moved);
	free(connection->uri);
	free(connection);
}

void savetool_disconnect(struct savetool_connection *connection)
{
	bool last;

	if (!connection)
		return;
	pthread_mutex_lock(&connection->lock);
	last = --connection->users == 0;
	pthread_mutex_unlock(&connection->lock);
	if (last)
		connection_free(connection);
}
