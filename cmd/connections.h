/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connections to all NBD exports that a command line names, made before the
 * command gives up its access to files and the network.  If one cannot be made,
 * that is the failure of whoever needs it.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include "savetool.h"

struct connections {
	struct connection *list;
	size_t count;
};

/* Connects to those of the paths that are URIs. */
void connections_open(struct connections *connections, const char *const *paths,
		      size_t count);
void connections_close(struct connections *connections);

/* That of a path; NULL if it is a file's. */
int connections_find(struct savetool_connection **connection,
		     const struct connections *connections, const char *path,
		     struct savetool_error *err);

#endif
