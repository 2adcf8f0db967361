/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the first bytes of an output. */
#include "config.h"

#include "io/withheld.h"

#include <string.h>

size_t withheld_take(struct withheld *withheld, struct iovec *iov,
		     unsigned count, uint64_t offset)
{
	size_t taken = 0;

	if (!withheld->active)
		return 0;
	for (unsigned i = 0; i < count && offset < OUTPUT_LAST; i++) {
		size_t part = iov[i].iov_len;

		if (part > OUTPUT_LAST - offset)
			part = OUTPUT_LAST - offset;
		memcpy(withheld->bytes + offset, iov[i].iov_base, part);
		iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
		iov[i].iov_len -= part;
		offset += part;
		taken += part;
		if (offset > withheld->size)
			withheld->size = offset;
	}
	return taken;
}
