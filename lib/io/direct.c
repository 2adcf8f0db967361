/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What direct reading and writing have in common. */
#include "config.h"

#include "io/direct.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* No file system or device has larger blocks. */
#define GRAIN_MOST (UINT64_C(64) << 10)

/* How much may collect in the cache before it is dropped. */
#define TRACES_MOST (UINT64_C(32) << 20)

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

size_t direct_grain(int fd)
{
	size_t grain = DIRECT_GRAIN;
#ifdef STATX_DIOALIGN
	/* Needs Linux 6.1; before that, the first refused call shows it. */
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

/* A write of what is there is enough. */
static void touch(volatile uint8_t *byte)
{
	uint8_t same = *byte;

	*byte = same;
}

void direct_touch(void *data, size_t size)
{
	uint8_t *bytes = data;

	/* No processor has smaller pages. */
	for (size_t i = 0; i < size; i += 4096)
		touch(bytes + i);
	if (size > 0)
		touch(bytes + size - 1);
}

/* Only whole blocks of the file; otherwise it would grow. */
static int patch_blocks(int fd, uint8_t *blocks, size_t length, uint64_t start,
			const void *data, size_t size, uint64_t offset)
{
	ssize_t n;

	direct_touch(blocks, length);
	n = pread(fd, blocks, length, start);
	if (n < 0 || (size_t)n < length)
		return 0;
	memcpy(blocks + (offset - start), data, size);
	n = pwrite(fd, blocks, length, start);
	if (n < 0 && errno != EINVAL && errno != EINTR)
		return -1;
	return n >= 0 && (size_t)n == length;
}

int direct_patch(int fd, const void *data, size_t size, uint64_t offset)
{
	size_t grain = direct_grain(fd);
	cleanup_free uint8_t *blocks = NULL;
	uint64_t start, end;

	if (grain == 0 || size > DIRECT_BUFFER - 2 * grain)
		return 0;
	blocks = direct_buffer(grain);
	if (!blocks)
		return 0;
	start = offset - offset % grain;
	end = round_up(offset + size, grain);
	return patch_blocks(fd, blocks, end - start, start, data, size, offset);
}

bool direct_uncached(int fd)
{
	/* glibc has no function for it, and headers may be older. */
	const struct {
		uint64_t offset, length;
	} whole = { 0, 0 };
	struct {
		uint64_t cached, dirty, writeback, evicted, recently;
	} pages;

	return syscall(SYS_cachestat, fd, &whole, &pages, 0) == 0 &&
	       pages.cached == 0;
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
