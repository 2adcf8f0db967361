/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds zeros with several threads. */
#include "config.h"

#include "ram/zero_scan.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pool.h"
#include "base/zero.h"
#include "ram/block.h"

/* With more threads than this, memory is the bottleneck. */
#define WORKERS_MOST 4

/* What one job reads. */
#define JOB_SIZE (UINT64_C(1) << 20)

/*
 * Read at once: small enough to stay in the processor's cache while it is
 * examined.
 */
#define PIECE (UINT64_C(512) << 10)

/* Reading past the page cache needs buffers that are aligned like this. */
#define ALIGNMENT 4096

#define RANGES 64
#define UNITS (JOB_SIZE / RAM_PAGE_LEAST + 2 * RANGES)

_Static_assert(PIECE >= 2 * SCAN_UNIT_MOST && SCAN_UNIT_MOST >= RAM_PAGE_MOST,
	       "a piece holds a unit, wherever it starts");

struct job {
	unsigned count;
	struct scan_range ranges[RANGES];
	uint64_t size; /* bytes to read */
	uint8_t *data;
	bool zero[UNITS]; /* per unit, or part of a unit at either end */
};

struct scan {
	struct input *in;
	bool keep;
	scan_found *found;
	void *owner;
	struct pool *pool;
	struct job *job; /* being filled; NULL: none */
};

/* The end of the unit that at is in. */
static uint64_t unit_end(const struct scan_range *range, uint64_t at)
{
	uint64_t next = (at / range->unit + 1) * range->unit;

	return next < range->end ? next : range->end;
}

/* The end of the last whole unit within size bytes from at. */
static uint64_t piece_end(const struct scan_range *range, uint64_t at,
			  uint64_t size)
{
	uint64_t end = at + size;

	if (end >= range->end)
		return range->end;
	return range->unit ? end / range->unit * range->unit : end;
}

static bool *examine(const struct scan_range *piece, const uint8_t *data,
		     bool *zero)
{
	uint64_t next;

	if (!piece->unit)
		return zero;
	for (uint64_t at = piece->start; at < piece->end; at = next) {
		next = unit_end(piece, at);
		*zero++ = next - at == piece->unit &&
			  is_zero(data + (at - piece->start), next - at);
	}
	return zero;
}

/* Runs in a worker. */
static int read_job(void *owner, unsigned worker, void *data,
		    struct savetool_error *err)
{
	struct scan *scan = owner;
	struct job *job = data;
	uint8_t *buffer = job->data;
	bool *zero = job->zero;

	(void)worker;
	for (unsigned i = 0; i < job->count; i++) {
		const struct scan_range *range = &job->ranges[i];
		struct scan_range piece = *range;

		for (; !range->unread && piece.start < range->end;
		     piece.start = piece.end) {
			piece.end = piece_end(range, piece.start, PIECE);
			if (input_read_exactly(scan->in, buffer,
					       piece.end - piece.start,
					       piece.start, err) < 0)
				return -1;
			zero = examine(&piece, buffer, zero);
			if (scan->keep)
				buffer += piece.end - piece.start;
		}
	}
	return 0;
}

/* Reports adjoining units of the same kind as one part. */
static const bool *report_parts(const struct scan *scan,
				const struct scan_range *range,
				const uint8_t *data, const bool *zero,
				struct savetool_error *err)
{
	struct scan_range part = *range;

	for (; part.start < range->end; part.start = part.end) {
		bool is_zero = *zero++;

		part.end = unit_end(range, part.start);
		while (part.end < range->end && *zero == is_zero) {
			part.end = unit_end(range, part.end);
			zero++;
		}
		if (scan->found(scan->owner, &part, is_zero,
				data ? data + (part.start - range->start) :
				       NULL,
				err) < 0)
			return NULL;
	}
	return zero;
}

static int report_job(const struct scan *scan, const struct job *job,
		      struct savetool_error *err)
{
	const uint8_t *data = scan->keep ? job->data : NULL;
	const bool *zero = job->zero;

	for (unsigned i = 0; i < job->count; i++) {
		const struct scan_range *range = &job->ranges[i];

		if (range->unread || !range->unit) {
			if (scan->found(scan->owner, range, false,
					range->unread ? NULL : data, err) < 0)
				return -1;
		} else {
			zero = report_parts(scan, range, data, zero, err);
			if (!zero)
				return -1;
		}
		if (data && !range->unread)
			data += range->end - range->start;
	}
	return 0;
}

/* Reports the oldest job: 1, or 0 if there is none. */
static int report_next(struct scan *scan, struct savetool_error *err)
{
	void *job;
	int got = pool_collect(scan->pool, &job, err);

	if (got <= 0)
		return got;
	if (report_job(scan, job, err) < 0)
		return -1;
	pool_return(scan->pool);
	return 1;
}

static void give(struct scan *scan)
{
	scan->job = NULL;
	pool_give(scan->pool);
}

static int take(struct scan *scan, struct savetool_error *err)
{
	while (!(scan->job = pool_take(scan->pool)))
		if (report_next(scan, err) < 0)
			return -1;
	scan->job->count = 0;
	scan->job->size = 0;
	return 0;
}

int scan_add(struct scan *scan, const struct scan_range *range,
	     struct savetool_error *err)
{
	struct scan_range part = *range;

	for (; part.start < range->end; part.start = part.end) {
		struct job *job = scan->job;

		if (job &&
		    (job->count == RANGES ||
		     (!part.unread && JOB_SIZE - job->size < SCAN_UNIT_MOST)))
			give(scan);
		if (!scan->job && take(scan, err) < 0)
			return -1;
		job = scan->job;
		part.end = range->end;
		if (!part.unread) {
			part.end = piece_end(range, part.start,
					     JOB_SIZE - job->size);
			job->size += part.end - part.start;
		}
		job->ranges[job->count++] = part;
	}
	return 0;
}

int scan_finish(struct scan *scan, struct savetool_error *err)
{
	int more;

	if (scan->job)
		give(scan);
	do {
		more = report_next(scan, err);
	} while (more > 0);
	return more;
}

static int make_jobs(struct scan *scan, struct savetool_error *err)
{
	unsigned workers = pool_processors();

	if (workers > WORKERS_MOST)
		workers = WORKERS_MOST;
	if (pool_new(&scan->pool, workers, 4 * workers, sizeof(struct job),
		     read_job, scan, err) < 0)
		return -1;
	for (unsigned i = 0; i < pool_jobs(scan->pool); i++) {
		struct job *job = pool_job(scan->pool, i);

		job->data =
			aligned_alloc(ALIGNMENT, scan->keep ? JOB_SIZE : PIECE);
		if (!job->data)
			return fail_memory(err);
	}
	return 0;
}

int scan_new(struct scan **result, struct input *in, bool keep,
	     scan_found *found, void *owner, struct savetool_error *err)
{
	struct scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return fail_memory(err);
	scan->in = in;
	scan->keep = keep;
	scan->found = found;
	scan->owner = owner;
	if (make_jobs(scan, err) < 0) {
		scan_free(scan);
		return -1;
	}
	*result = scan;
	return 0;
}

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	pool_stop(scan->pool);
	for (unsigned i = 0; scan->pool && i < pool_jobs(scan->pool); i++) {
		struct job *job = pool_job(scan->pool, i);

		free(job->data);
	}
	pool_free(scan->pool);
	free(scan);
}
