/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes that adjoin, in one call. */
#include "config.h"

#include "io/gather.h"

int gather_flush(struct gather *gather, struct savetool_error *err)
{
	unsigned parts = gather->parts;

	gather->parts = 0;
	gather->length = 0;
	if (parts == 0)
		return 0;
	return gather->out->ops->write_at(gather->out, gather->iov, parts,
					  gather->offset, err);
}

int gather_put(struct gather *gather, uint64_t offset, const void *data,
	       size_t size, struct savetool_error *err)
{
	if (gather->parts > 0 &&
	    (gather->offset + gather->length != offset ||
	     gather->parts == IOV_MAX) &&
	    gather_flush(gather, err) < 0)
		return -1;
	if (gather->parts == 0)
		gather->offset = offset;
	gather->iov[gather->parts++] = (struct iovec){
		.iov_base = (void *)data,
		.iov_len = size,
	};
	gather->length += size;
	return 0;
}
