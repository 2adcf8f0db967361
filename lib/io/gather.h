/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes that adjoin in an output, gathered into one call.  The bytes are not
 * copied: they must stay where they are until gather_flush().
 */
#ifndef IO_GATHER_H
#define IO_GATHER_H

#include "io/output.h"

#include <limits.h>

struct gather {
	struct output *out;
	struct iovec iov[IOV_MAX];
	unsigned parts;
	uint64_t offset; /* of the first, in the output */
	uint64_t length;
};

/* Adds bytes to those before them if they adjoin; otherwise writes those. */
int gather_put(struct gather *gather, uint64_t offset, const void *data,
	       size_t size, struct savetool_error *err);

int gather_flush(struct gather *gather, struct savetool_error *err);

#endif
