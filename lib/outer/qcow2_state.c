/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An input over the VM state of a snapshot. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "outer/qcow2_inflate.h"
#include "outer/qcow2_map.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

/* How far a hole or data is followed at once. */
#define EXTENT_MOST (UINT64_C(1) << 30)

struct state_input {
	struct input base;
	struct input *in;
	uint64_t start; /* of the VM state, in the snapshot */
	uint32_t cluster_size;
	bool zstd;
	pthread_mutex_t lock; /* of all that follows */
	struct qcow2_map *map;
	struct extent last;  /* looked up last */
	uint64_t unpacked;   /* the place of the cluster below; 0: none */
	uint8_t *cluster;    /* decompressed */
	uint8_t *compressed; /* for what it is read from */
};

/* How many bytes there are of a compressed cluster is known only roughly. */
static int unpack(struct state_input *state, const struct qcow2_range *range,
		  struct savetool_error *err)
{
	size_t got;

	if (state->unpacked == range->host && range->host != 0)
		return 0;
	if (!state->cluster)
		state->cluster = malloc(state->cluster_size);
	if (!state->compressed)
		state->compressed = malloc(2 * (size_t)state->cluster_size);
	if (!state->cluster || !state->compressed)
		return fail_memory(err);
	state->unpacked = 0;
	if (input_read_all(state->in, state->compressed, range->host_size,
			   range->host, &got, err) < 0 ||
	    qcow2_inflate(state->cluster, state->cluster_size,
			  state->compressed, got, state->zstd, err) < 0)
		return -1;
	state->unpacked = range->host;
	return 0;
}

static int find(struct qcow2_range *range, struct state_input *state,
		void *data, size_t size, uint64_t offset,
		struct savetool_error *err)
{
	uint64_t at = state->start + offset;

	if (qcow2_map_find_all(range, state->map, at, size, err) < 0)
		return -1;
	if (range->kind != QCOW2_COMPRESSED)
		return 0;
	if (unpack(state, range, err) < 0)
		return -1;
	memcpy(data, state->cluster + at % state->cluster_size, range->length);
	return 0;
}

static int find_locked(struct qcow2_range *range, struct state_input *state,
		       void *data, size_t size, uint64_t offset,
		       struct savetool_error *err)
{
	int result;

	pthread_mutex_lock(&state->lock);
	result = find(range, state, data, size, offset, err);
	pthread_mutex_unlock(&state->lock);
	return result;
}

/* The place of an error is in the VM state, like all others of the image. */
static int fail_here(struct savetool_error *err, uint64_t offset)
{
	err->offset = offset;
	return -1;
}

static ssize_t read_host(struct state_input *state, void *data,
			 const struct qcow2_range *range,
			 struct savetool_error *err)
{
	size_t got;

	if (input_read_at(state->in, data, range->length, range->host, &got,
			  err) < 0)
		return -1;
	if (got == 0)
		return fail(err, SAVETOOL_INCOMPLETE,
			    "qcow2 file ends before byte %" PRIu64
			    ", in its clusters",
			    range->host);
	return (ssize_t)got;
}

static ssize_t state_read_at(struct input *base, void *data, size_t size,
			     uint64_t offset, struct savetool_error *err)
{
	struct state_input *state = (struct state_input *)base;
	struct qcow2_range range;
	ssize_t got;

	if (offset >= base->size)
		return 0;
	if (size > base->size - offset)
		size = base->size - offset;
	if (find_locked(&range, state, data, size, offset, err) < 0)
		return fail_here(err, offset);
	got = (ssize_t)range.length;
	if (range.kind == QCOW2_HOLE)
		memset(data, 0, range.length);
	else if (range.kind == QCOW2_DATA)
		got = read_host(state, data, &range, err);
	return got < 0 ? fail_here(err, offset) : got;
}

static bool is_last(const struct extent *last, uint64_t offset)
{
	return offset >= last->offset && offset - last->offset < last->length;
}

/* Data does not lie in a row in the file, as a read has to have it. */
static int follow(struct extent *extent, struct state_input *state,
		  struct savetool_error *err)
{
	uint64_t end =
		extent->offset - extent->offset % EXTENT_MOST + EXTENT_MOST;
	uint64_t at = extent->offset;
	struct qcow2_range range;

	if (end > state->base.size)
		end = state->base.size;
	while (at < end) {
		if (qcow2_map_find_all(&range, state->map, state->start + at,
				       end - at, err) < 0)
			return -1;
		if (at == extent->offset)
			extent->hole = range.kind == QCOW2_HOLE;
		if (extent->hole != (range.kind == QCOW2_HOLE))
			break;
		at += range.length;
	}
	extent->length = at - extent->offset;
	return 0;
}

static int state_extent(struct input *base, uint64_t offset,
			struct extent *extent, struct savetool_error *err)
{
	struct state_input *state = (struct state_input *)base;
	struct extent *last = &state->last;
	int result = 0;

	pthread_mutex_lock(&state->lock);
	if (!is_last(last, offset)) {
		struct extent next = { .offset = offset };

		result = follow(&next, state, err);
		if (result == 0)
			*last = next;
	}
	if (result == 0)
		*extent = (struct extent){
			.offset = offset,
			.length = last->offset + last->length - offset,
			.hole = last->hole,
		};
	pthread_mutex_unlock(&state->lock);
	return result < 0 ? fail_here(err, offset) : 0;
}

static void state_close(struct input *base)
{
	struct state_input *state = (struct state_input *)base;

	qcow2_map_free(state->map);
	pthread_mutex_destroy(&state->lock);
	free(state->cluster);
	free(state->compressed);
	free(state);
}

static const struct input_ops state_ops = {
	.read_at = state_read_at,
	.extent = state_extent,
	.close = state_close,
};

/* Is all of the VM state within the snapshot's table? */
static int place(struct state_input *state,
		 const struct savetool_snapshot *snapshot,
		 struct savetool_error *err)
{
	uint64_t size = qcow2_map_size(state->map);

	state->start = qcow2_map_state(state->map, snapshot->disk_size);
	state->base.size = snapshot->vm_state_size;
	if (state->start > size ||
	    snapshot->vm_state_size > size - state->start)
		return fail(err, SAVETOOL_CORRUPT,
			    "snapshot '%s' of the qcow2 file has %" PRIu64
			    " bytes of VM state after a disk of %" PRIu64
			    ", but a table for %" PRIu64,
			    snapshot->name, snapshot->vm_state_size,
			    snapshot->disk_size, size);
	return 0;
}

int qcow2_open_state(struct input **result, const struct qcow2 *qcow2,
		     unsigned index, struct input *in,
		     struct savetool_error *err)
{
	struct state_input *state = calloc(1, sizeof(*state));

	if (!state)
		return fail_memory(err);
	state->base.ops = &state_ops;
	state->base.seekable = true;
	state->in = in;
	state->cluster_size = 1u << qcow2->cluster_bits;
	state->zstd = qcow2->zstd;
	pthread_mutex_init(&state->lock, NULL);
	if (qcow2_map_new(&state->map, qcow2, &qcow2->l1[index], in, err) < 0 ||
	    place(state, &qcow2->snapshots[index], err) < 0) {
		state_close(&state->base);
		return -1;
	}
	*result = &state->base;
	return 0;
}
