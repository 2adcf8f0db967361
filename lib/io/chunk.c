/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed number of counted buffers. */
#include "config.h"

#include "io/chunk.h"

#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>

struct chunk_pool {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct chunk *free_list;
	uint8_t *memory;
	struct chunk chunks[];
};

int chunk_pool_new(struct chunk_pool **result, unsigned count,
		   struct savetool_error *err)
{
	const size_t stride = CHUNK_HEADROOM + CHUNK_SIZE;
	struct chunk_pool *pool;

	pool = calloc(1, sizeof(*pool) + count * sizeof(pool->chunks[0]));
	if (!pool)
		return fail_memory(err);
	/* Page-aligned, because the kernel copies best like that. */
	pool->memory = aligned_alloc(4096, count * stride);
	if (!pool->memory) {
		free(pool);
		return fail_memory(err);
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->freed, NULL);
	for (unsigned i = 0; i < count; i++) {
		struct chunk *chunk = &pool->chunks[i];

		chunk->pool = pool;
		chunk->data = pool->memory + i * stride + CHUNK_HEADROOM;
		chunk->next_free = pool->free_list;
		pool->free_list = chunk;
	}
	*result = pool;
	return 0;
}

void chunk_pool_free(struct chunk_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->freed);
	free(pool->memory);
	free(pool);
}

struct chunk *chunk_take(struct chunk_pool *pool)
{
	struct chunk *chunk;

	pthread_mutex_lock(&pool->lock);
	while (!pool->free_list)
		pthread_cond_wait(&pool->freed, &pool->lock);
	chunk = pool->free_list;
	pool->free_list = chunk->next_free;
	chunk->users = 1;
	pthread_mutex_unlock(&pool->lock);
	return chunk;
}

struct chunk *chunk_share(struct chunk *chunk)
{
	pthread_mutex_lock(&chunk->pool->lock);
	chunk->users++;
	pthread_mutex_unlock(&chunk->pool->lock);
	return chunk;
}

void chunk_put(struct chunk *chunk)
{
	struct chunk_pool *pool;

	if (!chunk)
		return;
	pool = chunk->pool;
	pthread_mutex_lock(&pool->lock);
	if (--chunk->users == 0) {
		chunk->next_free = pool->free_list;
		pool->free_list = chunk;
		pthread_cond_signal(&pool->freed);
	}
	pthread_mutex_unlock(&pool->lock);
}
