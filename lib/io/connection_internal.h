/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What those who make a connection, and those who use it, share. */
#ifndef IO_CONNECTION_INTERNAL_H
#define IO_CONNECTION_INTERNAL_H

#include "io/connection.h"

#include <libnbd.h>
#include <poll.h>
#include <pthread.h>

/* The longest time, in milliseconds, until a stop is noticed. */
#define PATIENCE 100

/*
 * libnbd locks its handle while it waits, and then nobody could start another
 * request.  So one of the threads that wait polls for all of them, outside of
 * the lock.
 */
struct savetool_connection {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct nbd_handle *handle; /* NULL: broken, as error says */
	struct savetool_error error;
	struct request *under_way;
	bool polling;
	int wake; /* makes the thread that polls look again */
	unsigned users;
	struct export_info info;
	char *uri;
};

/* libnbd's text, without the name of its function, in one line.  Always -1. */
int connection_fail(struct savetool_error *err, const char *what);

/* The caller has the lock.  Lets libnbd do what the descriptor is ready for. */
int connection_notify(struct nbd_handle *handle, short events);

/*
 * Waits for the server, or for a thread that wants to start a request.  The
 * caller has the lock, which is released during the wait.
 */
void connection_poll(struct savetool_connection *connection,
		     struct pollfd fds[2], int wait);

void connection_free(struct savetool_connection *connection);

#endif
