/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory that bytes travel in.  A pool holds a fixed number of chunks;
 * whoever needs one waits until one is free, so a reader that is too fast is
 * held back and memory is bounded.  A chunk is shared by counting: pages on
 * their way hold it, and the last one to let go gives it back.
 */
#ifndef IO_CHUNK_H
#define IO_CHUNK_H

#include "savetool.h"

/* The bytes of one chunk, beside its headroom. */
#define CHUNK_SIZE (UINT64_C(1) << 20)

/*
 * Room in front for what the chunk before could not finish: less than one
 * page record of the largest target page (64 KiB), with its header.
 */
#define CHUNK_HEADROOM (UINT64_C(128) << 10)

struct chunk_pool;

struct chunk {
	struct chunk_pool *pool;
	struct chunk *next_free;
	unsigned users;
	uint8_t *data; /* CHUNK_SIZE bytes, CHUNK_HEADROOM more before them */
};

int chunk_pool_new(struct chunk_pool **pool, unsigned count,
		   struct savetool_error *err);

/* All chunks must have come back.  NULL is fine. */
void chunk_pool_free(struct chunk_pool *pool);

/* Waits for a free chunk and gives it to one user. */
struct chunk *chunk_take(struct chunk_pool *pool);

/* One user more; one less.  chunk_put(NULL) is fine. */
struct chunk *chunk_share(struct chunk *chunk);
void chunk_put(struct chunk *chunk);

#endif
