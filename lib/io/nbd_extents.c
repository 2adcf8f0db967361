/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks an NBD server for block status, and remembers the answers. */
#include "config.h"

#include "io/nbd_extents.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>

void nbd_extents_init(struct nbd_extents *extents,
		      struct savetool_connection *connection)
{
	*extents = (struct nbd_extents){ .connection = connection };
	pthread_mutex_init(&extents->lock, NULL);
}

void nbd_extents_release(struct nbd_extents *extents)
{
	pthread_mutex_destroy(&extents->lock);
	extents_free(&extents->known);
	extents_free(&extents->recent);
}

static uint64_t size_of(const struct nbd_extents *extents)
{
	return connection_info(extents->connection)->size;
}

/*
 * Adds what the server answered about start, as long as there is space; the
 * extents begin at base.  What it says beyond the end of the export does not
 * count.  False: it said nothing.
 */
static bool add_answer(struct extents *to, uint64_t base, uint64_t start,
		       uint64_t size, const struct status_answer *answer)
{
	uint64_t at = start;

	for (size_t i = 0; i < answer->count && at < size; i++) {
		const struct status *range = &answer->ranges[i];
		uint64_t length = range->length;

		if (length > size - at)
			length = size - at;
		if (length > 0 && !to->full)
			extents_add(to,
				    &(struct extent){ .offset = at - base,
						      .length = length,
						      .hole = range->zero });
		at += length;
	}
	return at > start;
}

/* Asks about offset, and adds the answer to extents that begin at base. */
static int ask(struct nbd_extents *extents, struct extents *to, uint64_t base,
	       uint64_t offset, const struct savetool_monitor *monitor,
	       struct savetool_error *err)
{
	struct savetool_connection *connection = extents->connection;
	struct status_answer answer = { .ranges = NULL };
	uint64_t length = size_of(extents) - offset;
	struct request request;
	int failed;

	if (length > REQUEST_RANGE)
		length = REQUEST_RANGE;
	failed = connection_status(connection, &request, &answer, offset,
				   length, err) < 0 ||
		 connection_wait(connection, &request, monitor, err) < 0;
	if (!failed && request.error) {
		errno = request.error;
		failed = fail_errno_at(err, offset, "cannot look for holes");
	}
	if (!failed && !add_answer(to, base, offset, size_of(extents), &answer))
		failed = fail_at(err, SAVETOOL_SYSTEM, offset,
				 "the server does not say where holes are");
	free(answer.ranges);
	return failed ? -1 : 0;
}

static bool recall(const struct nbd_extents *extents, uint64_t offset,
		   struct extent *extent)
{
	if (extents_find(&extents->known, offset, extent))
		return true;
	if (offset < extents->recent_start ||
	    !extents_find(&extents->recent, offset - extents->recent_start,
			  extent))
		return false;
	extent->offset = offset;
	return true;
}

/* Looks up all extents up to offset, as long as there is space for them. */
static int learn(struct nbd_extents *extents, uint64_t offset,
		 const struct savetool_monitor *monitor,
		 struct savetool_error *err)
{
	struct extents *known = &extents->known;

	while (!known->full && extents_end(known) <= offset)
		if (ask(extents, known, 0, extents_end(known), monitor, err) <
		    0)
			return -1;
	return 0;
}

static int find(struct nbd_extents *extents, uint64_t offset,
		struct extent *extent, const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	if (recall(extents, offset, extent))
		return 0;
	if (learn(extents, offset, monitor, err) < 0)
		return -1;
	if (recall(extents, offset, extent))
		return 0;
	extents_free(&extents->recent);
	extents->recent_start = offset;
	if (ask(extents, &extents->recent, offset, offset, monitor, err) < 0)
		return -1;
	if (!recall(extents, offset, extent))
		return fail_memory(err);
	return 0;
}

int nbd_extents_find(struct nbd_extents *extents, uint64_t offset,
		     struct extent *extent,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	int failed;

	if (!connection_info(extents->connection)->has_extents) {
		*extent = (struct extent){
			.offset = offset,
			.length = size_of(extents) - offset,
		};
		return 0;
	}
	pthread_mutex_lock(&extents->lock);
	failed = find(extents, offset, extent, monitor, err);
	pthread_mutex_unlock(&extents->lock);
	return failed;
}
