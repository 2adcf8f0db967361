/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The output that is an NBD export. */
#include "config.h"

#include "io/output_nbd.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "io/input_nbd.h"
#include "io/input_withheld.h"
#include "io/nbd_extents.h"
#include "io/nbd_writes.h"
#include "io/output_file.h"
#include "io/withheld.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* So many bytes at the end of an export are zeros, if that takes sending. */
#define REST_SENT (UINT64_C(1) << 20)

struct output_nbd {
	struct output base;
	struct savetool_connection *connection;
	struct output_nbd_options options;
	const struct export_info *info;
	uint64_t end; /* after the last byte written; old ones follow */
	struct nbd_extents old; /* of what was there at first */
	bool begun;             /* what was there has no start any more */
	bool final;             /* committed */

	struct nbd_writes writes;

	/* As output_write_last(). */
	uint8_t last[OUTPUT_LAST];
	size_t last_size; /* 0: none */
	uint64_t last_offset;
	struct withheld withheld;
};

/* Old bytes may be there.  If the server cannot clear them, zeros are sent. */
static int clear(struct output_nbd *nbd, uint64_t offset, uint64_t length,
		 struct savetool_error *err)
{
	while (length > 0) {
		uint64_t part = length < REQUEST_RANGE ? length : REQUEST_RANGE;

		if ((nbd->info->can_zero ?
			     nbd_writes_zero(&nbd->writes, offset, part, err) :
			     nbd_writes_put(&nbd->writes, NULL, part, offset,
					    err)) < 0)
			return -1;
		offset += part;
		length -= part;
	}
	return 0;
}

/*
 * The same where nothing was written yet.  What the server knows to be zeros
 * stays as it is: some allocate storage for them otherwise.
 */
static int clear_old(struct output_nbd *nbd, uint64_t offset, uint64_t length,
		     struct savetool_error *err)
{
	while (length > 0) {
		struct extent extent;

		if (nbd_extents_find(&nbd->old, offset, &extent,
				     nbd->options.monitor, err) < 0)
			return nbd_writes_fail(&nbd->writes, err);
		if (extent.length > length)
			extent.length = length;
		if (!extent.hole && clear(nbd, offset, extent.length, err) < 0)
			return -1;
		offset += extent.length;
		length -= extent.length;
	}
	return 0;
}

static int check_space(const struct output_nbd *nbd, uint64_t end,
		       struct savetool_error *err)
{
	if (end <= nbd->info->size)
		return 0;
	return fail(err, SAVETOOL_REFUSED,
		    "not enough space: an export of %" PRIu64
		    " bytes is too small",
		    nbd->info->size);
}

static int clear_gap(struct output_nbd *nbd, uint64_t offset,
		     struct savetool_error *err)
{
	if (offset <= nbd->end)
		return 0;
	if (check_space(nbd, offset, err) < 0 ||
	    clear_old(nbd, nbd->end, offset - nbd->end, err) < 0)
		return -1;
	nbd->end = offset;
	return 0;
}

/*
 * What an older image starts with goes first: if all breaks off in the middle
 * of it, nobody takes the two for one.
 */
static int unmake_old(struct output_nbd *nbd, struct savetool_error *err)
{
	uint64_t size = nbd->info->size;

	nbd->begun = true;
	if (size > OUTPUT_LAST)
		size = OUTPUT_LAST;
	return nbd_writes_put(&nbd->writes, NULL, size, 0, err) < 0 ?
		       -1 :
		       nbd_writes_sync(&nbd->writes, err);
}

static int nbd_write_at(struct output *out, struct iovec *iov, unsigned count,
			uint64_t offset, struct savetool_error *err)
{
	struct output_nbd *nbd = (struct output_nbd *)out;
	size_t withheld = withheld_take(&nbd->withheld, iov, count, offset);

	if (!nbd->begun && unmake_old(nbd, err) < 0)
		return -1;
	if (clear_gap(nbd, offset, err) < 0 ||
	    check_space(nbd, offset + withheld, err) < 0 ||
	    nbd_writes_put(&nbd->writes, NULL, withheld, offset, err) < 0)
		return -1;
	offset += withheld;
	for (unsigned i = 0; i < count; i++) {
		if (check_space(nbd, offset + iov[i].iov_len, err) < 0 ||
		    nbd_writes_put(&nbd->writes, iov[i].iov_base,
				   iov[i].iov_len, offset, err) < 0)
			return -1;
		offset += iov[i].iov_len;
	}
	if (offset > nbd->end)
		nbd->end = offset;
	return 0;
}

/* Everything is with the server, which may not have written it to its disk. */
static int nbd_flush(struct output *out, struct savetool_error *err)
{
	return nbd_writes_finish(&((struct output_nbd *)out)->writes, err);
}

static int nbd_punch(struct output *out, uint64_t offset, uint64_t length,
		     struct savetool_error *err)
{
	struct output_nbd *nbd = (struct output_nbd *)out;

	/* Old bytes after the end are cleared when something follows them. */
	if (offset >= nbd->end)
		return 0;
	if (length > nbd->end - offset)
		length = nbd->end - offset;
	return clear(nbd, offset, length, err);
}

static int nbd_output_read_at(struct output *out, void *data, size_t size,
			      uint64_t offset, struct savetool_error *err)
{
	struct output_nbd *nbd = (struct output_nbd *)out;
	uint8_t *at = data;

	if (nbd_writes_settle(&nbd->writes, offset, size, err) < 0)
		return -1;
	while (size > 0) {
		size_t part = size < REQUEST_MOST ? size : REQUEST_MOST;
		struct request request;

		if (connection_read(nbd->connection, &request, at, part, offset,
				    err) < 0 ||
		    connection_wait(nbd->connection, &request,
				    nbd->options.monitor, err) < 0)
			return nbd_writes_fail(&nbd->writes, err);
		errno = request.error;
		if (request.error)
			return fail_errno_at(err, offset, "cannot read back");
		at += part;
		offset += part;
		size -= part;
	}
	return 0;
}

/*
 * What is left of a longer image must not be taken for the end of this one, as
 * it would be at the end of the export.
 */
static int clear_rest(struct output_nbd *nbd, struct savetool_error *err)
{
	uint64_t from = nbd->end, size = nbd->info->size;

	if (!nbd->info->can_zero && size - from > REST_SENT)
		from = size - REST_SENT;
	return clear_old(nbd, from, size - from, err);
}

/* All else is on the disk: now come the bytes that vouch for it. */
static int show_first(struct output_nbd *nbd, struct savetool_error *err)
{
	if (nbd->withheld.size == 0 && nbd->last_size == 0)
		return 0;
	if (nbd_writes_sync(&nbd->writes, err) < 0 ||
	    nbd_writes_put(&nbd->writes, nbd->withheld.bytes,
			   nbd->withheld.size, 0, err) < 0)
		return -1;
	nbd->withheld.active = false;
	return 0;
}

static int nbd_commit(struct output *out, struct savetool_error *err)
{
	struct output_nbd *nbd = (struct output_nbd *)out;

	if (clear_gap(nbd, out->position, err) < 0 ||
	    clear_rest(nbd, err) < 0 || show_first(nbd, err) < 0 ||
	    nbd_writes_put(&nbd->writes, nbd->last, nbd->last_size,
			   nbd->last_offset, err) < 0 ||
	    nbd_writes_sync(&nbd->writes, err) < 0)
		return -1;
	nbd->final = true;
	return 0;
}

/* The first bytes stay withheld meanwhile: it may not be what it should be. */
static int nbd_read_back(struct output *out, struct input **in,
			 struct savetool_error *err)
{
	struct output_nbd *nbd = (struct output_nbd *)out;
	struct input *export;

	if (nbd_writes_finish(&nbd->writes, err) < 0 ||
	    input_open_nbd(&export, nbd->connection, err) < 0)
		return -1;
	export->monitor = nbd->options.monitor;
	return input_open_withheld(in, export, &nbd->withheld, err);
}

/* What was not committed must not look complete. */
static void take_back(struct output_nbd *nbd)
{
	struct savetool_error ignored;

	nbd_writes_drop(&nbd->writes);
	if (nbd->withheld.size > 0 && !nbd->withheld.active &&
	    nbd_writes_put(&nbd->writes, NULL, nbd->withheld.size, 0,
			   &ignored) == 0)
		nbd_writes_sync(&nbd->writes, &ignored);
}

static void nbd_output_close(struct output *out)
{
	struct output_nbd *nbd = (struct output_nbd *)out;

	if (!nbd->final && nbd->writes.memory)
		take_back(nbd);
	nbd_writes_release(&nbd->writes);
	nbd_extents_release(&nbd->old);
	savetool_disconnect(nbd->connection);
	free(nbd);
}

static int nbd_write_last(struct output *out, const void *data, size_t size,
			  uint64_t offset, struct savetool_error *err)
{
	struct output_nbd *nbd = (struct output_nbd *)out;

	(void)err;
	memcpy(nbd->last, data, size);
	nbd->last_size = size;
	nbd->last_offset = offset;
	return 0;
}

static void nbd_expect(struct output *out, uint64_t bytes)
{
	((struct output_nbd *)out)->writes.expected = bytes;
}

static uint64_t nbd_capacity(const struct output *out)
{
	return ((const struct output_nbd *)out)->info->size;
}

static const struct output_ops nbd_ops = {
	.write_at = nbd_write_at,
	.read_at = nbd_output_read_at,
	.punch = nbd_punch,
	.commit = nbd_commit,
	.close = nbd_output_close,
	.write_last = nbd_write_last,
	.flush = nbd_flush,
	.read_back = nbd_read_back,
	.expect = nbd_expect,
	.capacity = nbd_capacity,
};

int output_open_nbd(struct output **out, struct savetool_connection *connection,
		    const struct output_nbd_options *options,
		    struct savetool_error *err)
{
	const char *uri = connection_uri(connection);
	struct output_nbd *nbd;

	if (connection_info(connection)->read_only)
		return fail(err, SAVETOOL_REFUSED, "'%s' is read-only", uri);
	if (!options->force)
		return fail_exists(err, uri);
	nbd = calloc(1, sizeof(*nbd));
	if (!nbd)
		return fail_memory(err);
	nbd->base.ops = &nbd_ops;
	nbd->base.seekable = true;
	nbd->connection = connection_share(connection);
	nbd->info = connection_info(connection);
	nbd_extents_init(&nbd->old, connection);
	nbd->options = *options;
	nbd->withheld.active = options->withhold;
	if (nbd_writes_init(&nbd->writes, nbd->connection, options->monitor,
			    err) < 0) {
		nbd_output_close(&nbd->base);
		return -1;
	}
	*out = &nbd->base;
	return 0;
}
