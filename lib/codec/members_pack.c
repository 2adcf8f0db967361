/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pieces of the stream, of equal size, are compressed in parallel and written
 * in order.  So the bytes do not depend on the number of workers, and the
 * result can be decompressed in parallel too.
 */
#include "config.h"

#include "base/error.h"
#include "base/pool.h"
#include "codec/members.h"

#include <stdlib.h>
#include <string.h>

struct packing {
	uint8_t *data, *packed;
	size_t size, packed_size;
};

struct packer {
	struct output base;
	const struct encoder *encoder;
	struct output *packed;
	struct pool *pool;
	void **states; /* one per worker */
	unsigned workers;
	size_t bound;
	uint32_t (*sizes)[2];
	size_t members, sizes_space;
};

static int pack_job(void *owner, unsigned worker, void *job,
		    struct savetool_error *err)
{
	struct packer *packer = owner;
	struct packing *packing = job;

	packing->packed_size = packer->encoder->pack(
		packer->states[worker], packing->data, packing->size,
		packing->packed, packer->bound);
	return packing->packed_size ? 0 : fail_memory(err);
}

/* Keeps the sizes for an encoder that lists them at the end. */
static int remember(struct packer *packer, const struct packing *packing,
		    struct savetool_error *err)
{
	if (!packer->encoder->finish)
		return 0;
	if (packer->members == packer->sizes_space) {
		size_t space = 2 * packer->sizes_space + 64;
		void *sizes = reallocarray(packer->sizes, space,
					   sizeof(*packer->sizes));

		if (!sizes)
			return fail_memory(err);
		packer->sizes = sizes;
		packer->sizes_space = space;
	}
	packer->sizes[packer->members][0] = packing->packed_size;
	packer->sizes[packer->members][1] = packing->size;
	packer->members++;
	return 0;
}

/* Writes the oldest member; 0: there was none. */
static int write_member(struct packer *packer, struct savetool_error *err)
{
	struct packing *packing;
	void *job;
	int got = pool_collect(packer->pool, &job, err);

	if (got <= 0)
		return got;
	packing = job;
	if (remember(packer, packing, err) < 0 ||
	    output_append(packer->packed, packing->packed, packing->packed_size,
			  err) < 0)
		return -1;
	packing->size = 0;
	pool_return(packer->pool);
	return 1;
}

static int take(struct packer *packer, struct packing **packing,
		struct savetool_error *err)
{
	while (!(*packing = pool_take(packer->pool)))
		if (write_member(packer, err) < 0)
			return -1;
	return 0;
}

static int add(struct packer *packer, const uint8_t *data, size_t size,
	       struct savetool_error *err)
{
	const size_t whole = packer->encoder->member_size;

	while (size > 0) {
		struct packing *packing;
		size_t part;

		if (take(packer, &packing, err) < 0)
			return -1;
		part = whole - packing->size;
		if (part > size)
			part = size;
		memcpy(packing->data + packing->size, data, part);
		packing->size += part;
		data += part;
		size -= part;
		if (packing->size == whole)
			pool_give(packer->pool);
	}
	return 0;
}

static int packer_write_at(struct output *out, struct iovec *iov,
			   unsigned count, uint64_t offset,
			   struct savetool_error *err)
{
	struct packer *packer = (struct packer *)out;

	(void)offset;
	for (unsigned i = 0; i < count; i++)
		if (add(packer, iov[i].iov_base, iov[i].iov_len, err) < 0)
			return -1;
	return 0;
}

/* A stream of no bytes is one empty member. */
static int packer_commit(struct output *out, struct savetool_error *err)
{
	struct packer *packer = (struct packer *)out;
	struct packing *packing;
	int wrote;

	if (take(packer, &packing, err) < 0)
		return -1;
	if (packing->size > 0 || out->position == 0)
		pool_give(packer->pool);
	do {
		wrote = write_member(packer, err);
	} while (wrote > 0);
	if (wrote < 0 || !packer->encoder->finish)
		return wrote;
	return packer->encoder->finish(packer->packed, packer->sizes,
				       packer->members, err);
}

static void packer_close(struct output *out)
{
	struct packer *packer = (struct packer *)out;

	pool_stop(packer->pool);
	for (unsigned i = 0; packer->pool && i < pool_jobs(packer->pool); i++) {
		struct packing *packing = pool_job(packer->pool, i);

		free(packing->data);
		free(packing->packed);
	}
	pool_free(packer->pool);
	for (unsigned i = 0; packer->states && i < packer->workers; i++)
		if (packer->states[i])
			packer->encoder->free(packer->states[i]);
	free(packer->states);
	free(packer->sizes);
	free(packer);
}

static const struct output_ops packer_ops = {
	.write_at = packer_write_at,
	.commit = packer_commit,
	.close = packer_close,
};

/* Two jobs more than workers: one is being filled, one written. */
#define JOBS(workers) ((workers) + 2)

/* More than any machine gains from, and few enough to be allocated. */
#define WORKERS_MOST 256

/* One per processor, as long as there is memory for them. */
static unsigned choose_workers(const struct packer *packer, int level)
{
	const uint64_t job = packer->encoder->member_size + packer->bound;
	const uint64_t worker = packer->encoder->memory(level);
	unsigned workers = pool_processors();

	while (workers > 1 &&
	       workers * worker + JOBS(workers) * job > PACK_MEMORY)
		workers--;
	return workers;
}

static int prepare(struct packer *packer, int level, struct savetool_error *err)
{
	packer->states = calloc(packer->workers, sizeof(*packer->states));
	if (!packer->states)
		return fail_memory(err);
	for (unsigned i = 0; i < packer->workers; i++) {
		packer->states[i] = packer->encoder->new (level);
		if (!packer->states[i])
			return fail_memory(err);
	}
	if (pool_new(&packer->pool, packer->workers, JOBS(packer->workers),
		     sizeof(struct packing), pack_job, packer, err) < 0)
		return -1;
	for (unsigned i = 0; i < pool_jobs(packer->pool); i++) {
		struct packing *packing = pool_job(packer->pool, i);

		packing->data = malloc(packer->encoder->member_size);
		packing->packed = malloc(packer->bound);
		if (!packing->data || !packing->packed)
			return fail_memory(err);
	}
	return 0;
}

int members_pack(const struct codec *codec, struct output **out,
		 struct output *packed, int level, unsigned threads,
		 struct savetool_error *err)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return fail_memory(err);
	packer->base.ops = &packer_ops;
	packer->encoder = codec->encoder;
	packer->packed = packed;
	packer->bound = codec->encoder->bound(codec->encoder->member_size);
	packer->workers = threads ? threads : choose_workers(packer, level);
	if (packer->workers > WORKERS_MOST)
		packer->workers = WORKERS_MOST;
	if (prepare(packer, level, err) < 0) {
		packer_close(&packer->base);
		return -1;
	}
	*out = &packer->base;
	return 0;
}
