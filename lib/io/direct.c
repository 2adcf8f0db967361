/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What direct reading and writing have in common. */
#include "config.h"

#include "io/direct.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* No block that a file system or a device can have is larger. */
#define GRAIN_MOST (UINT64_C(64) << 10)

/* How much may stay in the cache until there is more. */
#define TRACES_MOST (UINT64_C(32) << 20)

size_t direct_grain(int fd)
{
	size_t grain = DIRECT_GRAIN;
#ifdef STATX_DIOALIGN
	/* Linux 6.1 tells; before, the first call that is refused does. */
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) == 0 &&
	    (st.stx_mask & STATX_DIOALIGN)) {
		if (st.stx_dio_mem_align == 0 || st.stx_dio_offset_align == 0)
			return 0;
		if (st.stx_dio_mem_align > grain)
			grain = st.stx_dio_mem_align;
		if (st.stx_dio_offset_align > grain)
			grain = st.stx_dio_offset_align;
	}
#else
	(void)fd;
#endif
	return grain <= GRAIN_MOST ? grain : 0;
}

void *direct_buffer(size_t grain)
{
	return aligned_alloc(grain, DIRECT_BUFFER);
}

void traces_add(struct traces *traces, uint64_t size)
{
	traces->size += size;
	if (traces->size >= TRACES_MOST)
		traces_drop(traces);
}

void traces_drop(struct traces *traces)
{
	posix_fadvise(traces->fd, 0, 0, POSIX_FADV_DONTNEED);
	traces->size = 0;
}
