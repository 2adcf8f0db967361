/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins and reports the extents of a map. */
#include "config.h"

#include "map/map.h"

#include "base/error.h"
#include "base/monitor.h"
#include "base/phases.h"
#include "image/trust.h"

#include <inttypes.h>
#include <string.h>

static const char *const type_names[] = {
	[SAVETOOL_EXTENT_LEADING] = "leading",
	[SAVETOOL_EXTENT_HEADER] = "header",
	[SAVETOOL_EXTENT_XML] = "xml",
	[SAVETOOL_EXTENT_COOKIE] = "cookie",
	[SAVETOOL_EXTENT_PADDING] = "padding",
	[SAVETOOL_EXTENT_STREAM] = "stream",
	[SAVETOOL_EXTENT_BITMAP] = "bitmap",
	[SAVETOOL_EXTENT_PAGE_DATA] = "page-data",
	[SAVETOOL_EXTENT_ZERO] = "zero",
	[SAVETOOL_EXTENT_STALE] = "stale",
	[SAVETOOL_EXTENT_HOLE] = "hole",
	[SAVETOOL_EXTENT_LOST] = "lost",
	[SAVETOOL_EXTENT_COMPRESSED] = "compressed",
	[SAVETOOL_EXTENT_DEVICE] = "device",
	[SAVETOOL_EXTENT_VMDESC] = "vmdesc",
	[SAVETOOL_EXTENT_TRAILING] = "trailing",
	[SAVETOOL_EXTENT_UNWRITTEN] = "unwritten",
};

const char *savetool_extent_type_name(enum savetool_extent_type type)
{
	if ((size_t)type >= sizeof(type_names) / sizeof(*type_names))
		return NULL;
	return type_names[type];
}

/* How many bytes are mapped between two reports of progress. */
#define REPORT_BYTES (UINT64_C(8) << 20)

static int report_progress(struct map *map, struct savetool_error *err)
{
	if (map->at - map->reported < REPORT_BYTES)
		return 0;
	map->reported = map->at;
	return monitor_report(map->monitor, map->at, map->in->size, err);
}

int map_flush(struct map *map, struct savetool_error *err)
{
	struct savetool_extent extent = map->parked;

	map->parked.length = 0;
	if (extent.length == 0 || map->each(map->data, &extent) == 0)
		return 0;
	return fail_stopped(err);
}

/*
 * Does the second extent continue the first?  Equal strings have equal
 * addresses, because all come from the same image and stream.
 */
static bool continues(const struct savetool_extent *before,
		      const struct savetool_extent *next)
{
	return before->length > 0 && before->type == next->type &&
	       before->allocated == next->allocated &&
	       before->present == next->present &&
	       before->block == next->block &&
	       before->section == next->section &&
	       before->instance == next->instance &&
	       (before->page == SAVETOOL_UNKNOWN ?
			next->page == SAVETOOL_UNKNOWN :
			before->page + before->pages == next->page);
}

int map_put(struct map *map, struct savetool_extent piece,
	    struct savetool_error *err)
{
	piece.start = map->at;
	map->at += piece.length;
	if (continues(&map->parked, &piece)) {
		map->parked.length += piece.length;
		map->parked.pages += piece.pages;
		return report_progress(map, err);
	}
	if (map_flush(map, err) < 0)
		return -1;
	map->parked = piece;
	return report_progress(map, err);
}

/* Ends a hole where it begins to be allocated ahead, or ceases to be. */
static int split_hole(struct map *map, struct extent *storage, bool *unwritten,
		      struct savetool_error *err)
{
	struct extent *ahead = &map->ahead;

	*unwritten = false;
	if (!storage->hole)
		return 0;
	if (map->at >= ahead->offset + ahead->length || !map->ahead_known) {
		int found = input_unwritten(map->in, map->at, ahead, err);

		if (found < 0)
			return -1;
		if (found == 0)
			*ahead = (struct extent){ .offset = UINT64_MAX };
		map->ahead_known = true;
	}
	*unwritten = ahead->offset <= map->at;
	if (*unwritten &&
	    storage->length > ahead->offset + ahead->length - map->at)
		storage->length = ahead->offset + ahead->length - map->at;
	else if (!*unwritten && storage->length > ahead->offset - map->at)
		storage->length = ahead->offset - map->at;
	return 0;
}

int map_storage(struct map *map, uint64_t limit, struct extent *storage,
		bool *unwritten, struct savetool_error *err)
{
	struct extent *known = &map->storage;
	uint64_t end;

	if ((map->at < known->offset ||
	     map->at - known->offset >= known->length) &&
	    input_extent(map->in, map->at, known, err) < 0)
		return -1;
	if (known->length == 0)
		return fail_at(err, SAVETOOL_INCOMPLETE, map->at,
			       "file ends too early");
	end = known->offset + known->length;
	*storage = (struct extent){
		.offset = map->at,
		.length = (end < limit ? end : limit) - map->at,
		.hole = known->hole,
	};
	return split_hole(map, storage, unwritten, err);
}

int map_add(struct map *map, const struct savetool_extent *what,
	    uint64_t length, struct savetool_error *err)
{
	struct savetool_extent piece = *what;
	uint64_t end = map->at + length;

	while (map->at < end) {
		struct extent storage;
		bool unwritten;

		if (map_storage(map, end, &storage, &unwritten, err) < 0)
			return -1;
		piece.length = storage.length;
		piece.allocated = !storage.hole || unwritten;
		if (map_put(map, piece, err) < 0)
			return -1;
		piece.pages = 0; /* the rest of a page that has started */
	}
	return 0;
}

int map_add_to(struct map *map, enum savetool_extent_type type, uint64_t offset,
	       struct savetool_error *err)
{
	const struct savetool_extent what = { .type = type, MAP_NOTHING };

	return offset > map->at ? map_add(map, &what, offset - map->at, err) :
				  0;
}

/* Sections follow one another; each has a header, and perhaps a footer. */
static int map_devices(struct map *map, const struct tail *tail,
		       struct savetool_error *err)
{
	uint64_t end = tail->offset + tail->state_size - 1;

	for (unsigned i = 0; i < tail->device_count; i++) {
		const struct savetool_device *device = &tail->devices[i];
		struct savetool_extent what = {
			.type = SAVETOOL_EXTENT_DEVICE,
			.page = SAVETOOL_UNKNOWN,
			.section = device->name,
			.instance = device->instance,
		};
		uint64_t next =
			i + 1 < tail->device_count ? device[1].offset : end;

		if (map_add(map, &what, next - device->offset, err) < 0)
			return -1;
	}
	/* Without known devices, there is no way to tell where one ends. */
	return map_add_to(map, SAVETOOL_EXTENT_DEVICE, end, err);
}

int map_tail(struct map *map, const struct tail *tail,
	     struct savetool_error *err)
{
	if (map_devices(map, tail, err) < 0 ||
	    map_add_to(map, SAVETOOL_EXTENT_STREAM,
		       tail->offset + tail->state_size, err) < 0)
		return -1;
	return map_add_to(map, SAVETOOL_EXTENT_VMDESC, tail_end(tail), err);
}
