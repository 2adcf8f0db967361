/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks the file system for extents that were never written. */
#include "config.h"

#include "io/unwritten.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The size of a request with space for its answer. */
#define REQUEST_SIZE                                                           \
	(sizeof(struct fiemap) + UNWRITTEN_BATCH * sizeof(struct fiemap_extent))

/* What Debian 12 has no header for: cachestat(2), since Linux 6.5. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cache_range {
	uint64_t offset, length;
};

struct cache_state {
	uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

static void keep(struct unwritten *unwritten,
		 const struct fiemap_extent *extent)
{
	if (extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		unwritten->ranges[unwritten->count++] = (struct extent){
			.offset = extent->fe_logical,
			.length = extent->fe_length,
			.hole = true,
		};
}

/*
 * Learns of the next extents.  Nothing is flushed for it: what waits to be
 * written has no extent that was never written, or counts as data.
 */
static void learn(struct unwritten *unwritten, int fd, uint64_t offset)
{
	_Alignas(struct fiemap) uint8_t bytes[REQUEST_SIZE] = { 0 };
	struct fiemap *request = (struct fiemap *)bytes;
	const struct fiemap_extent *last;
	unsigned count;

	unwritten->start = offset;
	unwritten->end = UINT64_MAX;
	unwritten->count = 0;
	request->fm_start = offset;
	request->fm_length = FIEMAP_MAX_OFFSET - offset;
	request->fm_extent_count = UNWRITTEN_BATCH;
	if (ioctl(fd, FS_IOC_FIEMAP, request) < 0) {
		unwritten->unknown = true;
		return;
	}
	count = request->fm_mapped_extents;
	if (count > UNWRITTEN_BATCH)
		count = UNWRITTEN_BATCH;
	for (unsigned i = 0; i < count; i++)
		keep(unwritten, &request->fm_extents[i]);
	if (count < UNWRITTEN_BATCH)
		return;
	last = &request->fm_extents[count - 1];
	if (!(last->fe_flags & FIEMAP_EXTENT_LAST) &&
	    last->fe_logical + last->fe_length > offset)
		unwritten->end = last->fe_logical + last->fe_length;
}

static bool recall(const struct unwritten *unwritten, uint64_t offset,
		   struct extent *range)
{
	for (size_t i = 0; i < unwritten->count; i++) {
		uint64_t end = unwritten->ranges[i].offset +
			       unwritten->ranges[i].length;

		if (end <= offset)
			continue;
		*range = unwritten->ranges[i];
		if (range->offset < offset)
			range->offset = offset;
		range->length = end - range->offset;
		return true;
	}
	return false;
}

int unwritten_find(struct unwritten *unwritten, int fd, uint64_t offset,
		   uint64_t end, struct extent *range)
{
	while (!unwritten->unknown && offset < end) {
		if (offset < unwritten->start || offset >= unwritten->end)
			learn(unwritten, fd, offset);
		if (recall(unwritten, offset, range))
			return range->offset < end;
		offset = unwritten->end;
	}
	return unwritten->unknown ? -1 : 0;
}

/* Has nobody written anything there that is not on its way to the disk yet? */
static bool is_clean(int fd, uint64_t offset, uint64_t length)
{
	struct cache_range range = { offset, length };
	struct cache_state state;

	return syscall(SYS_cachestat, fd, &range, &state, 0) == 0 &&
	       state.dirty == 0 && state.writeback == 0;
}

/*
 * What was found before may have been written since, so the file system is
 * asked again, and after the cache: what leaves that changes the extent first.
 */
bool unwritten_holds_nothing(int fd, uint64_t offset, uint64_t length)
{
	struct unwritten now = { 0 };
	struct extent range;

	return is_clean(fd, offset, length) &&
	       unwritten_find(&now, fd, offset, offset + length, &range) > 0 &&
	       range.offset == offset && range.length >= length;
}
