/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input that is an NBD export. */
#include "config.h"

#include "io/input_nbd.h"

#include "base/error.h"
#include "io/nbd_cache.h"
#include "io/nbd_extents.h"

#include <stdlib.h>

/* What comes by a network is not read in case it is needed. */
#define READ_LEAST 16384

struct input_nbd {
	struct input base;
	struct savetool_connection *connection;
	struct nbd_extents extents;
	struct nbd_cache *cache;
};

static ssize_t nbd_read_at(struct input *in, void *data, size_t size,
			   uint64_t offset, struct savetool_error *err)
{
	struct input_nbd *nbd = (struct input_nbd *)in;

	if (offset >= in->size)
		return 0;
	if (size > in->size - offset)
		size = in->size - offset;
	return nbd_cache_read(nbd->cache, data, size, offset, in->monitor, err);
}

static int nbd_extent(struct input *in, uint64_t offset, struct extent *extent,
		      struct savetool_error *err)
{
	struct input_nbd *nbd = (struct input_nbd *)in;

	return nbd_extents_find(&nbd->extents, offset, extent, in->monitor,
				err);
}

static void nbd_input_close(struct input *in)
{
	struct input_nbd *nbd = (struct input_nbd *)in;

	nbd_cache_free(nbd->cache, in->monitor);
	nbd_extents_release(&nbd->extents);
	savetool_disconnect(nbd->connection);
	free(nbd);
}

static const struct input_ops nbd_ops = {
	.read_at = nbd_read_at,
	.extent = nbd_extent,
	.close = nbd_input_close,
};

int input_open_nbd(struct input **in, struct savetool_connection *connection,
		   struct savetool_error *err)
{
	struct input_nbd *nbd = calloc(1, sizeof(*nbd));

	if (!nbd)
		return fail_memory(err);
	nbd->base = (struct input){
		.ops = &nbd_ops,
		.size = connection_info(connection)->size,
		.seekable = true,
		.is_device = true,
		.is_export = true,
		.read_least = READ_LEAST,
	};
	nbd->connection = connection_share(connection);
	nbd_extents_init(&nbd->extents, connection);
	if (nbd_cache_new(&nbd->cache, &nbd->extents, err) < 0) {
		nbd_input_close(&nbd->base);
		return -1;
	}
	*in = &nbd->base;
	return 0;
}
