/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out what a tail consists of. */
#include "config.h"

#include "format/tail_parts.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/zero.h"

#include <inttypes.h>
#include <string.h>

size_t tail_find_vmdesc(const uint8_t *data, size_t size, size_t from)
{
	const uint8_t begin[] = { SECTION_EOF, SECTION_VMDESC };

	for (; from + VMDESC_HEAD + 2 <= size; from++) {
		const uint8_t *at =
			memmem(data + from, size - from - VMDESC_HEAD, begin,
			       sizeof(begin));
		uint32_t length;

		if (!at)
			return size;
		from = at - data;
		if (at[VMDESC_HEAD] != '{')
			continue;
		length = get_be32(at + 2);
		if (length >= 2 && length <= size - from - VMDESC_HEAD &&
		    at[VMDESC_HEAD + length - 1] == '}')
			return from;
	}
	return size;
}

static void set_vmdesc(struct tail *tail, struct vmdesc *vmdesc, size_t eof)
{
	vmdesc_free(tail->vmdesc);
	tail->vmdesc = vmdesc;
	tail->json = (const char *)tail->data + eof + VMDESC_HEAD;
	tail->json_size = get_be32(tail->data + eof + 2);
}

/*
 * Walks by the lengths that are described or, should they be wrong, by
 * footers, to an EOF byte that is known.
 */
static int walk_to(struct tail *tail, size_t eof, struct st_error *err)
{
	enum footers footers = tail->footers;
	struct st_error ignored;
	struct reader reader;

	reader_init_memory(&reader, tail->data, eof + 1, tail->offset);
	if (tail_walk_described(tail, &reader, err) == 0) {
		if (reader.offset == tail->offset + eof)
			return 0;
		fail(err, ST_CORRUPT,
		     "unknown section type 0x00 at byte %" PRIu64,
		     reader.offset);
	}
	tail_drop_devices(tail);
	tail->footers = footers;
	reader_init_memory(&reader, tail->data, eof + 1, tail->offset);
	if (footers != FOOTERS_NONE &&
	    tail_walk_footers(tail, &reader, false, &ignored) == 0 &&
	    reader.offset == tail->offset + eof) {
		tail->footers = FOOTERS_PRESENT;
		return 0;
	}
	tail_drop_devices(tail);
	err->code = ST_CORRUPT;
	return -1;
}

/* 1: there is one, and the walk leads to it; 0: none; -1: none fits. */
static int understand_described(struct tail *tail, struct st_error *err)
{
	size_t eof = 0;
	int result = 0;

	for (;; eof++) {
		struct vmdesc *vmdesc;
		struct st_error ignored;

		eof = tail_find_vmdesc(tail->data, tail->size, eof);
		if (eof == tail->size)
			return result;
		if (vmdesc_parse(&vmdesc,
				 (char *)tail->data + eof + VMDESC_HEAD,
				 get_be32(tail->data + eof + 2), &ignored) < 0)
			continue;
		set_vmdesc(tail, vmdesc, eof);
		if (walk_to(tail, eof, err) == 0) {
			tail->state_size = eof + 1;
			return 1;
		}
		result = -1;
	}
}

/* A vmdescription that the image's end cuts off. */
static bool is_cut_vmdesc(const struct tail *tail)
{
	const uint8_t *at = tail->data + tail->state_size;
	size_t left = tail->size - tail->state_size;

	return left >= 1 && at[0] == SECTION_VMDESC &&
	       (left < VMDESC_HEAD - 1 ||
		get_be32(at + 1) > left - (VMDESC_HEAD - 1));
}

static int understand_footers(struct tail *tail, bool more,
			      struct st_error *err)
{
	struct reader reader;

	tail_drop_devices(tail);
	reader_init_memory(&reader, tail->data, tail->size, tail->offset);
	if (tail_walk_footers(tail, &reader, more, err) < 0)
		return -1;
	tail->state_size = reader.offset - tail->offset + 1;
	tail->footers = FOOTERS_PRESENT;
	tail->vmdesc_cut = is_cut_vmdesc(tail);
	return 0;
}

/* Does the description tell of all devices that were found? */
static bool describes(const struct vmdesc *vmdesc, const struct tail *tail)
{
	for (unsigned i = 0; i < tail->device_count; i++) {
		bool found = false;

		for (unsigned j = 0; j < vmdesc->count && !found; j++)
			found = strcmp(vmdesc->devices[j].name,
				       tail->devices[i].name) == 0;
		if (!found)
			return false;
	}
	return true;
}

/*
 * Of a stream without a description, what is behind its end may hold one, of
 * another guest; that of the stream itself would mean that it is damaged.
 * So would zeros, where sections are missing.
 */
static bool ends_before_more(struct tail *tail)
{
	struct st_error ignored;
	bool ends;

	if (understand_footers(tail, true, &ignored) < 0)
		return false;
	ends = !is_zero(tail->data + tail->state_size,
			tail->size - tail->state_size) &&
	       !(tail->vmdesc && describes(tail->vmdesc, tail));
	if (!ends)
		return false;
	vmdesc_free(tail->vmdesc);
	tail->vmdesc = NULL;
	tail->json = NULL;
	tail->json_size = 0;
	return true;
}

/* Neither description nor footers: all that is there, to its last byte. */
static int understand_opaque(struct tail *tail, uint64_t rest,
			     struct st_error *err)
{
	if (rest != 0)
		return fail(err, ST_UNSUPPORTED,
			    "more than %" PRIu64 " MiB of device state",
			    TAIL_LIMIT >> 20);
	if (tail->data[tail->size - 1] != SECTION_EOF)
		return fail(err, ST_INCOMPLETE,
			    "image ends at byte %" PRIu64
			    ", without a mark of its end",
			    tail_end(tail));
	tail->state_size = tail->size;
	tail->trailing = ST_UNKNOWN;
	return 0;
}

/*
 * Nothing follows the mark of the end but the vmdescription.  rest is what
 * follows data; ST_UNKNOWN if nobody knows how much.
 */
static void cut_trailing(struct tail *tail, uint64_t rest)
{
	size_t end = tail->state_size;

	tail->held = tail->size;
	if (tail->vmdesc)
		end += VMDESC_HEAD - 1 + tail->json_size;
	if (tail->vmdesc_cut)
		end = tail->size;
	if (tail->trailing != ST_UNKNOWN)
		tail->trailing = rest == ST_UNKNOWN ? ST_UNKNOWN :
						      tail->size - end + rest;
	tail->size = end;
}

/*
 * Every guest has a device: an end before the first one, that no description
 * confirms, is a zero where devices should be.
 */
int tail_understand(struct tail *tail, uint64_t rest, struct st_error *err)
{
	enum footers footers = tail->footers;
	int found;

	if (tail->size == 0)
		return fail(err, ST_INCOMPLETE, "image ends at byte %" PRIu64,
			    tail->offset);
	found = understand_described(tail, err);
	if (found == 0 && tail->data[0] == SECTION_EOF)
		return fail(err, ST_INCOMPLETE,
			    "image ends at byte %" PRIu64
			    ", before its first device",
			    tail->offset);
	if (found == 0)
		found = footers == FOOTERS_NONE ?
				understand_opaque(tail, rest, err) :
				understand_footers(tail, false, err);
	if (found < 0 && (footers == FOOTERS_NONE || !ends_before_more(tail)))
		return -1;
	cut_trailing(tail, rest);
	return 0;
}
