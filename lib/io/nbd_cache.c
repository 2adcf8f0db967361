/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of an NBD export that were fetched ahead. */
#include "config.h"

#include "io/nbd_cache.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>

/* A block is one request, or several if it has holes. */
#define BLOCK REQUEST_MOST
#define BLOCKS 36
#define WINDOW (24 * BLOCK)

/* A hole shorter than this costs less to fetch than one more request. */
#define GAP 32768
#define PARTS (BLOCK / GAP / 2 + 1)

/* As many readers, each in a part of its own, are told apart. */
#define READERS 8

/* From where one stopped, it may go on so much further: holes lie there. */
#define STRIDE (16 * BLOCK)

/* Reads in a row until anything is fetched ahead. */
#define READS_FIRST 4

/* A block that nobody wanted for so many reads was fetched in vain. */
#define READS_IN_VAIN 256

/* What one read of a caller's asks for at the same time. */
#define DIRECT_PARTS 8

struct block {
	bool used;   /* has, or will have, the bytes of this number */
	bool wanted; /* nobody has read any of it yet */
	uint64_t number;
	unsigned waiting; /* threads that need it */
	uint64_t touched;
	unsigned count; /* of parts */
	struct request parts[PARTS];
	bool pending[PARTS]; /* started, and not waited for */
	bool settling;       /* somebody waits for the parts */
	int error;
	uint8_t *data;
};

/* Somebody who reads forwards. */
struct forwards {
	uint64_t next;    /* after the last read */
	uint64_t fetched; /* up to here, it was looked at */
	uint64_t bytes;   /* read so far */
	unsigned reads;
	uint64_t touched;
};

struct nbd_cache {
	struct savetool_connection *connection;
	struct nbd_extents *extents;
	pthread_mutex_t lock;
	pthread_cond_t settled;
	uint64_t time; /* counts reads */
	uint8_t *memory;
	struct block blocks[BLOCKS];
	struct forwards readers[READERS];
};

int nbd_cache_new(struct nbd_cache **result, struct nbd_extents *extents,
		  struct savetool_error *err)
{
	struct nbd_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return fail_memory(err);
	/* Not touched, and so not there, before it is needed. */
	cache->memory = malloc(BLOCKS * BLOCK);
	if (!cache->memory) {
		free(cache);
		return fail_memory(err);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		cache->blocks[i].data = cache->memory + i * BLOCK;
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->settled, NULL);
	cache->connection = extents->connection;
	cache->extents = extents;
	*result = cache;
	return 0;
}

static uint64_t size_of(const struct nbd_cache *cache)
{
	return connection_info(cache->connection)->size;
}

static struct block *find_block(struct nbd_cache *cache, uint64_t number)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (cache->blocks[i].used && cache->blocks[i].number == number)
			return &cache->blocks[i];
	return NULL;
}

static bool is_pending(const struct block *block)
{
	for (unsigned i = 0; i < block->count; i++)
		if (block->pending[i])
			return true;
	return false;
}

/*
 * Waits for all of a block.  The caller has the lock, which is released
 * meanwhile.  -1: the connection broke, or the wait was stopped.
 */
static int settle(struct nbd_cache *cache, struct block *block,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err)
{
	int failed = 0;

	block->waiting++;
	while (block->settling)
		pthread_cond_wait(&cache->settled, &cache->lock);
	block->settling = true;
	for (unsigned i = 0; i < block->count; i++) {
		struct request *part = &block->parts[i];
		struct savetool_error later;

		if (!block->pending[i])
			continue;
		pthread_mutex_unlock(&cache->lock);
		if (connection_wait(cache->connection, part, monitor,
				    failed ? &later : err) < 0)
			failed = -1;
		pthread_mutex_lock(&cache->lock);
		block->pending[i] = false;
		if (part->error && !block->error)
			block->error = part->error;
	}
	block->settling = false;
	block->waiting--;
	pthread_cond_broadcast(&cache->settled);
	return failed;
}

/* A block that may be used for other bytes; NULL: none. */
static struct block *free_block(struct nbd_cache *cache)
{
	struct block *oldest = NULL;

	for (unsigned i = 0; i < BLOCKS; i++) {
		struct block *block = &cache->blocks[i];
		uint64_t age = cache->time - block->touched;

		if (!block->used)
			return block;
		if (block->waiting || is_pending(block) ||
		    age < (block->wanted ? READS_IN_VAIN : 1))
			continue;
		if (!oldest || block->touched < oldest->touched)
			oldest = block;
	}
	return oldest;
}

/* Asks for one part of a block.  What cannot be asked for is an error of it. */
static void fetch_part(struct nbd_cache *cache, struct block *block,
		       uint64_t from, uint64_t to)
{
	uint64_t start = block->number * BLOCK;
	struct savetool_error err;

	if (connection_read(cache->connection, &block->parts[block->count],
			    block->data + (from - start), to - from, from,
			    &err) < 0)
		block->error = err.sys_errno ? err.sys_errno : EIO;
	else
		block->pending[block->count++] = true;
}

/* Asks for the data of a block, with short holes, but without long ones. */
static int fetch(struct nbd_cache *cache, struct block *block, uint64_t number,
		 const struct savetool_monitor *monitor,
		 struct savetool_error *err)
{
	uint64_t at = number * BLOCK, end = at + BLOCK;
	uint64_t from = at, to = at; /* what is asked for next */

	if (end > size_of(cache))
		end = size_of(cache);
	*block = (struct block){
		.used = true,
		.number = number,
		.wanted = true,
		.touched = cache->time,
		.data = block->data,
	};
	while (at < end) {
		struct extent extent;
		uint64_t after;

		if (nbd_extents_find(cache->extents, at, &extent, monitor,
				     err) < 0) {
			/* Part of it may be on its way. */
			block->error = EIO;
			return -1;
		}
		after = extent.length < end - at ? at + extent.length : end;
		if (!extent.hole && to > from && at - to > GAP) {
			fetch_part(cache, block, from, to);
			from = to = at;
		}
		if (!extent.hole && to == from)
			from = at;
		if (extent.hole)
			memset(block->data + (at - number * BLOCK), 0,
			       after - at);
		else
			to = after;
		at = after;
	}
	if (to > from)
		fetch_part(cache, block, from, to);
	return 0;
}

/* The reader that goes on here, or the one that was idle for the longest. */
static struct forwards *find_reader(struct nbd_cache *cache, uint64_t offset)
{
	struct forwards *oldest = cache->readers;

	for (unsigned i = 0; i < READERS; i++) {
		struct forwards *reader = &cache->readers[i];
		uint64_t reach = reader->next > reader->fetched ?
					 reader->next :
					 reader->fetched;

		if (reader->reads > 0 && offset >= reader->next &&
		    offset <= reach + STRIDE)
			return reader;
		if (reader->touched < oldest->touched)
			oldest = reader;
	}
	*oldest = (struct forwards){ .next = offset };
	return oldest;
}

/* Fetches the block at this byte, if it is not there: -1 if that cannot be. */
static int fetch_one(struct nbd_cache *cache, uint64_t at,
		     const struct savetool_monitor *monitor)
{
	struct block *block = find_block(cache, at / BLOCK);
	struct savetool_error ignored;

	if (block) {
		block->touched = cache->time;
		return 0;
	}
	block = free_block(cache);
	return block ? fetch(cache, block, at / BLOCK, monitor, &ignored) : -1;
}

/*
 * Fetches what comes next: as much as was read, and no more than the window.
 * If that fails, the read that comes to it will say why.
 */
static void fetch_ahead(struct nbd_cache *cache, struct forwards *reader,
			const struct savetool_monitor *monitor)
{
	uint64_t window = reader->bytes < WINDOW ? reader->bytes : WINDOW;
	uint64_t ahead = 0, at = reader->next - reader->next % BLOCK;
	struct savetool_error ignored;

	while (at < size_of(cache) && ahead < window) {
		struct extent extent;

		if (nbd_extents_find(cache->extents, at, &extent, monitor,
				     &ignored) < 0)
			return;
		if (extent.hole && extent.length >= BLOCK) {
			if (extent.length > STRIDE)
				return;
			at += extent.length - extent.length % BLOCK;
			continue;
		}
		if (fetch_one(cache, at, monitor) < 0)
			return;
		ahead += BLOCK;
		at += BLOCK;
		reader->fetched = at;
	}
}

static void note_read(struct nbd_cache *cache, uint64_t offset, size_t size,
		      const struct savetool_monitor *monitor)
{
	struct forwards *reader = find_reader(cache, offset);

	reader->touched = ++cache->time;
	reader->next = offset + size;
	reader->bytes += size;
	if (++reader->reads >= READS_FIRST)
		fetch_ahead(cache, reader, monitor);
}

/*
 * Copies from a block: 0 if its bytes did not come, so that they are asked for
 * once more.
 */
static ssize_t copy_from(struct nbd_cache *cache, struct block *block,
			 void *data, size_t size, uint64_t offset,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	block->wanted = false;
	block->touched = cache->time;
	if (settle(cache, block, monitor, err) < 0)
		return -1;
	if (block->error) {
		block->used = block->waiting > 0;
		return 0;
	}
	memcpy(data, block->data + offset % BLOCK, size);
	return (ssize_t)size;
}

/* How much of it can be read before a block that is there. */
static size_t before_block(struct nbd_cache *cache, size_t size,
			   uint64_t offset)
{
	uint64_t at = offset - offset % BLOCK + BLOCK;

	for (; at < offset + size; at += BLOCK)
		if (find_block(cache, at / BLOCK))
			return at - offset;
	return size;
}

/* Reads into the caller's memory, in parts that are asked for together. */
static ssize_t read_direct(struct nbd_cache *cache, uint8_t *data, size_t size,
			   uint64_t offset,
			   const struct savetool_monitor *monitor,
			   struct savetool_error *err)
{
	struct request parts[DIRECT_PARTS];
	unsigned count = 0;
	size_t started = 0;
	int failed = 0, error = 0;

	while (started < size && count < DIRECT_PARTS && !failed) {
		size_t part = size - started;

		if (part > REQUEST_MOST)
			part = REQUEST_MOST;
		failed = connection_read(cache->connection, &parts[count],
					 data + started, part, offset + started,
					 err);
		if (!failed) {
			started += part;
			count++;
		}
	}
	for (unsigned i = 0; i < count; i++) {
		struct savetool_error later;

		if (connection_wait(cache->connection, &parts[i], monitor,
				    failed ? &later : err) < 0)
			failed = -1;
		if (!error)
			error = parts[i].error;
	}
	if (failed)
		return -1;
	errno = error;
	return error ? fail_errno_at(err, offset, "cannot read") :
		       (ssize_t)started;
}

/* A hole need not be read. */
static ssize_t read_around(struct nbd_cache *cache, void *data, size_t size,
			   uint64_t offset,
			   const struct savetool_monitor *monitor,
			   struct savetool_error *err)
{
	struct extent extent;

	if (nbd_extents_find(cache->extents, offset, &extent, monitor, err) < 0)
		return -1;
	if (!extent.hole)
		return read_direct(cache, data, size, offset, monitor, err);
	if (size > extent.length)
		size = extent.length;
	memset(data, 0, size);
	return (ssize_t)size;
}

ssize_t nbd_cache_read(struct nbd_cache *cache, void *data, size_t size,
		       uint64_t offset, const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	size_t left = BLOCK - offset % BLOCK;
	struct block *block;
	ssize_t n = 0;

	pthread_mutex_lock(&cache->lock);
	block = find_block(cache, offset / BLOCK);
	if (!block)
		size = before_block(cache, size, offset);
	else if (size > left)
		size = left;
	/* It must not be used for other bytes now. */
	if (block)
		block->waiting++;
	note_read(cache, offset, size, monitor);
	if (block) {
		block->waiting--;
		n = copy_from(cache, block, data, size, offset, monitor, err);
	}
	pthread_mutex_unlock(&cache->lock);
	return n != 0 ? n :
			read_around(cache, data, size, offset, monitor, err);
}

void nbd_cache_free(struct nbd_cache *cache,
		    const struct savetool_monitor *monitor)
{
	struct savetool_error ignored;

	if (!cache)
		return;
	pthread_mutex_lock(&cache->lock);
	for (unsigned i = 0; i < BLOCKS; i++)
		settle(cache, &cache->blocks[i], monitor, &ignored);
	pthread_mutex_unlock(&cache->lock);
	pthread_mutex_destroy(&cache->lock);
	pthread_cond_destroy(&cache->settled);
	free(cache->memory);
	free(cache);
}
