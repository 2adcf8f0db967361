/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connects to NBD servers, as long as the process may. */
#include "config.h"

#include "connections.h"

#include "base/cleanup.h"
#include "memory.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

struct connection {
	char *uri;
	struct savetool_connection *made; /* NULL: err says why not */
	struct savetool_error err;
};

static int no_progress(void *data, uint64_t done, uint64_t total)
{
	(void)data;
	(void)done;
	(void)total;
	return 0;
}

static int stopped(void *data)
{
	(void)data;
	return signals_caught();
}

static struct connection *find(const struct connections *connections,
			       const char *uri)
{
	for (size_t i = 0; i < connections->count; i++)
		if (strcmp(connections->list[i].uri, uri) == 0)
			return &connections->list[i];
	return NULL;
}

/* Takes over the URI. */
static void add(struct connections *connections, char *uri,
		const struct savetool_monitor *monitor)
{
	struct connection *one;

	connections->list = must(reallocarray(
		connections->list, connections->count + 1, sizeof(*one)));
	one = &connections->list[connections->count++];
	*one = (struct connection){ .uri = uri };
	if (savetool_connect(&one->made, uri, monitor, &one->err) < 0)
		one->made = NULL;
}

void connections_open(struct connections *connections, const char *const *paths,
		      size_t count)
{
	const struct savetool_monitor monitor = { .progress = no_progress,
						  .stopped = stopped };

	for (size_t i = 0; i < count; i++) {
		char *uri;

		if (!savetool_is_uri(paths[i]))
			continue;
		/* All that lies in an export comes by one connection. */
		uri = must(savetool_file_of(paths[i]));
		if (find(connections, uri))
			free(uri);
		else
			add(connections, uri, &monitor);
	}
}

void connections_close(struct connections *connections)
{
	for (size_t i = 0; i < connections->count; i++) {
		savetool_disconnect(connections->list[i].made);
		free(connections->list[i].uri);
	}
	free(connections->list);
	*connections = (struct connections){ .list = NULL };
}

int connections_find(struct savetool_connection **connection,
		     const struct connections *connections, const char *path,
		     struct savetool_error *err)
{
	cleanup_free char *uri = NULL;
	const struct connection *one = NULL;

	if (savetool_is_uri(path)) {
		uri = must(savetool_file_of(path));
		one = find(connections, uri);
	}
	*connection = one ? one->made : NULL;
	if (!one || one->made)
		return 0;
	*err = one->err;
	return -1;
}
