/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps many writes under way. */
#include "config.h"

#include "io/nbd_writes.h"

#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int fail_write(const struct nbd_writes *writes, int error,
		      uint64_t offset, struct savetool_error *err)
{
	errno = error;
	fail_errno_at(err, offset, "cannot write '%s'",
		      connection_uri(writes->connection));
	return fail_full(err, writes->written, writes->expected);
}

/* The connection is that of the destination, which the message has to name. */
int nbd_writes_fail(const struct nbd_writes *writes, struct savetool_error *err)
{
	if (err->code == SAVETOOL_CANCELLED)
		return -1;
	return fail_while(err, "'%s'", connection_uri(writes->connection));
}

static int finish(struct nbd_writes *writes, struct nbd_write *slot,
		  struct savetool_error *err)
{
	if (!slot->busy)
		return 0;
	slot->busy = false;
	if (connection_wait(writes->connection, &slot->request, writes->monitor,
			    err) < 0)
		return nbd_writes_fail(writes, err);
	return slot->request.error ? fail_write(writes, slot->request.error,
						slot->offset, err) :
				     0;
}

/*
 * A server may do in any order what is under way, so what overlaps waits for
 * what was started before.
 */
static int finish_overlaps(struct nbd_writes *writes, uint64_t offset,
			   uint64_t length, struct savetool_error *err)
{
	for (unsigned i = 0; i < NBD_WRITES; i++) {
		struct nbd_write *slot = &writes->slots[i];

		if (slot->busy && slot->offset < offset + length &&
		    offset < slot->offset + slot->length &&
		    finish(writes, slot, err) < 0)
			return -1;
	}
	return 0;
}

/* The oldest one is waited for if all are under way. */
static int take_slot(struct nbd_writes *writes, struct nbd_write **slot,
		     struct savetool_error *err)
{
	*slot = &writes->slots[writes->next];
	writes->next = (writes->next + 1) % NBD_WRITES;
	return finish(writes, *slot, err);
}

/* Starts to write what was gathered. */
static int submit(struct nbd_writes *writes, struct savetool_error *err)
{
	struct nbd_write *slot = writes->filled;

	writes->filled = NULL;
	if (!slot)
		return 0;
	if (finish_overlaps(writes, slot->offset, slot->length, err) < 0)
		return -1;
	if (connection_write(writes->connection, &slot->request, slot->data,
			     slot->length, slot->offset, err) < 0)
		return nbd_writes_fail(writes, err);
	slot->busy = true;
	writes->written += slot->length;
	connection_poke(writes->connection);
	return 0;
}

/* What is contiguous becomes one request. */
int nbd_writes_put(struct nbd_writes *writes, const uint8_t *data, size_t size,
		   uint64_t offset, struct savetool_error *err)
{
	while (size > 0) {
		struct nbd_write *slot = writes->filled;
		size_t part = size;

		if (slot && (slot->offset + slot->length != offset ||
			     slot->length == REQUEST_MOST)) {
			if (submit(writes, err) < 0)
				return -1;
			slot = NULL;
		}
		if (!slot) {
			if (take_slot(writes, &slot, err) < 0)
				return -1;
			slot->offset = offset;
			slot->length = 0;
			writes->filled = slot;
		}
		if (part > REQUEST_MOST - slot->length)
			part = REQUEST_MOST - slot->length;
		if (data)
			memcpy(slot->data + slot->length, data, part);
		else
			memset(slot->data + slot->length, 0, part);
		slot->length += part;
		data = data ? data + part : NULL;
		offset += part;
		size -= part;
	}
	return 0;
}

int nbd_writes_zero(struct nbd_writes *writes, uint64_t offset, uint64_t length,
		    struct savetool_error *err)
{
	struct nbd_write *slot;

	if (submit(writes, err) < 0 ||
	    finish_overlaps(writes, offset, length, err) < 0 ||
	    take_slot(writes, &slot, err) < 0)
		return -1;
	slot->offset = offset;
	slot->length = length;
	if (connection_zero(writes->connection, &slot->request, offset, length,
			    err) < 0)
		return nbd_writes_fail(writes, err);
	slot->busy = true;
	connection_poke(writes->connection);
	return 0;
}

int nbd_writes_settle(struct nbd_writes *writes, uint64_t offset,
		      uint64_t length, struct savetool_error *err)
{
	return submit(writes, err) < 0 ?
		       -1 :
		       finish_overlaps(writes, offset, length, err);
}

int nbd_writes_finish(struct nbd_writes *writes, struct savetool_error *err)
{
	if (submit(writes, err) < 0)
		return -1;
	for (unsigned i = 0; i < NBD_WRITES; i++)
		if (finish(writes, &writes->slots[i], err) < 0)
			return -1;
	return 0;
}

int nbd_writes_sync(struct nbd_writes *writes, struct savetool_error *err)
{
	struct request request;

	if (nbd_writes_finish(writes, err) < 0)
		return -1;
	if (!connection_info(writes->connection)->can_flush)
		return 0;
	if (connection_flush(writes->connection, &request, err) < 0 ||
	    connection_wait(writes->connection, &request, writes->monitor,
			    err) < 0)
		return nbd_writes_fail(writes, err);
	errno = request.error;
	return request.error ? fail_errno(err, "cannot write to disk") : 0;
}

void nbd_writes_drop(struct nbd_writes *writes)
{
	struct savetool_error ignored;

	writes->filled = NULL;
	for (unsigned i = 0; i < NBD_WRITES; i++)
		finish(writes, &writes->slots[i], &ignored);
}

int nbd_writes_init(struct nbd_writes *writes,
		    struct savetool_connection *connection,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	*writes = (struct nbd_writes){
		.connection = connection,
		.monitor = monitor,
		.expected = SAVETOOL_UNKNOWN,
	};
	writes->memory = malloc(NBD_WRITES * REQUEST_MOST);
	if (!writes->memory)
		return fail_memory(err);
	for (unsigned i = 0; i < NBD_WRITES; i++)
		writes->slots[i].data = writes->memory + i * REQUEST_MOST;
	return 0;
}

void nbd_writes_release(struct nbd_writes *writes)
{
	nbd_writes_drop(writes);
	free(writes->memory);
	writes->memory = NULL;
}
