/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections to NBD servers.  Part of savetool.h. */
#ifndef SAVETOOL_CONNECTION_H
#define SAVETOOL_CONNECTION_H

struct savetool_connection;

/*
 * Does a path name an NBD export, not a file?  Then it is a URI: nbd://,
 * nbds://, nbd+unix://, nbds+unix://, nbd+vsock:// or nbds+vsock://.
 */
bool savetool_is_uri(const char *path);

/*
 * Connects to the export that a URI names, for a caller that gives up its
 * access to files and the network before it opens an image.  An image, and a
 * destination, take a connection in their options, and keep it open as long as
 * they need it.  If they get none, they connect by themselves.
 *
 * The monitor may be NULL.  It can end a wait for the server.
 */
int savetool_connect(struct savetool_connection **connection, const char *uri,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err);

/* NULL is fine. */
void savetool_disconnect(struct savetool_connection *connection);

#endif
