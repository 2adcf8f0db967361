/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory that data travels in.  A pool holds a fixed number of chunks.
 * chunk_take() waits until one is free, so a reader that is too fast is slowed
 * down and memory is bounded.  Chunks are reference-counted: pages on their way
 * hold one, and the last chunk_put() returns it to the pool.
 */
#ifndef IO_CHUNK_H
#define IO_CHUNK_H

#include "savetool.h"

/* The bytes of one chunk, not counting its headroom. */
#define CHUNK_SIZE (UINT64_C(1) << 20)

/*
 * Space before the data for what was left over from the previous chunk: less
 * than one page record of the largest target page (64 KiB), with its header.
 */
#define CHUNK_HEADROOM (UINT64_C(128) << 10)

struct chunk_pool;

struct chunk {
	struct chunk_pool *pool;
	struct chunk *next_free;
	unsigned users;
	uint8_t *data; /* CHUNK_SIZE bytes, preceded by CHUNK_HEADROOM more */
};

int chunk_pool_new(struct chunk_pool **pool, unsigned count,
		   struct savetool_error *err);

/* All chunks must have been returned.  NULL is fine. */
void chunk_pool_free(struct chunk_pool *pool);

/* Waits for a free chunk; its count is 1. */
struct chunk *chunk_take(struct chunk_pool *pool);

/* Add a reference; drop one.  chunk_put(NULL) is fine. */
struct chunk *chunk_share(struct chunk *chunk);
void chunk_put(struct chunk *chunk);

#endif
