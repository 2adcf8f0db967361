/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out what a tail consists of. */
#include "config.h"

#include "format/tail_internal.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/*
 * Limits for a file made of things that look like descriptions, each of which
 * would be parsed, or walked to.
 */
#define WASTED_MOST (UINT64_C(32) << 20)
#define GLANCE 64 /* the cost of seeing that a text has no end */
#define WALKS_MOST 16

/*
 * Does the text of a description of this length end in a closing brace?  It
 * starts VMDESC_HEAD bytes after the reader.
 */
static int has_brace(const struct reader *reader, size_t length,
		     struct savetool_error *err)
{
	size_t last = VMDESC_HEAD + length - 1, got;
	uint8_t brace;

	if (last < reader_visible(reader))
		return reader->next[last] == '}';
	if (reader->offset + last >= reader->limit)
		return 0;
	if (input_read_all(reader->in, &brace, 1, reader->offset + last, &got,
			   err) < 0)
		return -1;
	return got == 1 && brace == '}';
}

/* Is there a vmdesc here?  Two bytes already say that it looks like one. */
static int try_vmdesc(struct found_vmdesc *found, struct reader *reader,
		      struct savetool_error *err)
{
	cleanup_free char *json = NULL;
	struct savetool_error ignored;
	size_t length, got;
	int brace;

	if (reader_look(reader, VMDESC_HEAD + 1, &got, err) < 0)
		return -1;
	if (got < VMDESC_HEAD + 1 || reader->next[VMDESC_HEAD] != '{')
		return 0;
	length = get_be32(reader->next + 2);
	if (length < 2 || length > VMDESC_LIMIT ||
	    found->wasted + length > WASTED_MOST)
		return 0;
	brace = has_brace(reader, length, err);
	if (brace <= 0) {
		found->wasted += GLANCE;
		return brace;
	}
	json = malloc(length);
	if (!json)
		return fail_memory(err);
	if (input_read_exactly(reader->in, json, length,
			       reader->offset + VMDESC_HEAD, err) < 0)
		return -1;
	if (vmdesc_parse(&found->vmdesc, json, length, &ignored) < 0) {
		found->wasted += length;
		return 0;
	}
	found->eof = reader->offset;
	found->json_size = length;
	return 1;
}

int tail_next_vmdesc(struct found_vmdesc *found, struct reader *reader,
		     struct savetool_error *err)
{
	const uint8_t begin[] = { SECTION_EOF, SECTION_VMDESC };
	size_t got;

	for (;;) {
		const uint8_t *at;
		int result;

		if (reader_look(reader, sizeof(begin), &got, err) < 0)
			return -1;
		if (got < sizeof(begin))
			return 0;
		at = memmem(reader->next, reader_visible(reader), begin,
			    sizeof(begin));
		if (reader_consume(reader,
				   (at ? at : reader->end - 1) - reader->next,
				   err) < 0)
			return -1;
		if (!at)
			continue;
		result = try_vmdesc(found, reader, err);
		if (result < 0 || reader_consume(reader, 1, err) < 0)
			return -1;
		if (result > 0)
			return 1;
	}
}

void tail_set_vmdesc(struct tail *tail, const struct found_vmdesc *found)
{
	vmdesc_free(tail->vmdesc);
	tail->vmdesc = found->vmdesc;
	tail->json_size = found->json_size;
}

static void drop_vmdesc(struct tail *tail)
{
	vmdesc_free(tail->vmdesc);
	tail->vmdesc = NULL;
	tail->json_size = 0;
}

/* Walks to this EOF byte by the description, or by footers. */
static int walk_by(struct tail *tail, bool footers, uint64_t eof,
		   struct savetool_error *err)
{
	struct reader reader;
	int result;

	tail_start(tail, &reader, eof + 1);
	result = footers ? tail_walk_footers(tail, &reader, false, err) :
			   tail_walk_described(tail, &reader, err);
	if (result == 0 && reader.offset != eof)
		result = fail_at(err, SAVETOOL_CORRUPT, reader.offset,
				 "unknown section type 0x00");
	reader_release(&reader);
	if (result < 0)
		tail_drop_devices(tail);
	return result;
}

int tail_walk_to(struct tail *tail, uint64_t eof, struct savetool_error *err)
{
	enum footers footers = tail->footers;
	struct savetool_error ignored;

	tail->described = walk_by(tail, false, eof, err) == 0;
	if (!tail->described) {
		if (err->code == SAVETOOL_SYSTEM)
			return -1;
		tail->footers = footers;
		if (footers == FOOTERS_NONE ||
		    walk_by(tail, true, eof, &ignored) < 0) {
			err->code = SAVETOOL_CORRUPT;
			return -1;
		}
		tail->footers = FOOTERS_PRESENT;
	}
	tail->state_size = eof + 1 - tail->offset;
	return 0;
}

/* 1: there is one, and the walk leads to it; 0: none; -1: none fits. */
static int parse_described(struct tail *tail, struct savetool_error *err)
{
	struct found_vmdesc found = { 0 };
	struct reader reader;
	int result = 0, more = 0;

	tail_start(tail, &reader, tail_end(tail));
	for (unsigned i = 0; result <= 0 && i < WALKS_MOST; i++) {
		more = tail_next_vmdesc(&found, &reader, err);
		if (more <= 0)
			break;
		tail_set_vmdesc(tail, &found);
		result = tail_walk_to(tail, found.eof, err) < 0 ? -1 : 1;
	}
	reader_release(&reader);
	return more < 0 ? -1 : result;
}

/* Is there a vmdesc that the end of the image cuts off? */
static int is_cut_vmdesc(struct tail *tail, struct savetool_error *err)
{
	uint64_t left = tail->size - tail->state_size;
	uint8_t head[VMDESC_HEAD - 1];
	size_t got;

	if (input_read_all(tail->in, head,
			   left < sizeof(head) ? left : sizeof(head),
			   tail->offset + tail->state_size, &got, err) < 0)
		return -1;
	tail->vmdesc_cut = got >= 1 && head[0] == SECTION_VMDESC &&
			   (got < sizeof(head) ||
			    get_be32(head + 1) > left - sizeof(head));
	return 0;
}

static int parse_footers(struct tail *tail, bool more,
			 struct savetool_error *err)
{
	struct reader reader;
	int result;

	tail_drop_devices(tail);
	tail->described = false;
	tail_start(tail, &reader, tail_end(tail));
	result = tail_walk_footers(tail, &reader, more, err);
	reader_release(&reader);
	if (result < 0)
		return -1;
	tail->state_size = reader.offset - tail->offset + 1;
	tail->footers = FOOTERS_PRESENT;
	return is_cut_vmdesc(tail, err);
}

/* Does the description list all devices that were found? */
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
 * A stream without a description may be followed by one of another guest.  But
 * if it is the stream's own, the stream is damaged.  So it is if only zeros
 * follow: sections are missing.
 */
static bool ends_before_more(struct tail *tail)
{
	struct savetool_error ignored;
	uint64_t more;
	bool ends;

	if (parse_footers(tail, true, &ignored) < 0 ||
	    tail_find_content(&more, tail, tail->offset + tail->state_size,
			      TAIL_NEAR, &ignored) < 0)
		return false;
	ends = more != SAVETOOL_UNKNOWN &&
	       !(tail->vmdesc && describes(tail->vmdesc, tail));
	if (ends)
		drop_vmdesc(tail);
	return ends;
}

/*
 * Neither description nor footers: everything up to the last byte is the tail.
 */
static int parse_opaque(struct tail *tail, uint64_t rest,
			struct savetool_error *err)
{
	uint8_t last;

	if (rest != 0)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "more than %" PRIu64 " MiB of device state",
			    TAIL_LIMIT >> 20);
	if (input_read_exactly(tail->in, &last, 1, tail_end(tail) - 1, err) < 0)
		return -1;
	if (last != SECTION_EOF)
		return fail_at(err, SAVETOOL_INCOMPLETE, tail_end(tail),
			       "image ends without an end mark");
	tail->state_size = tail->size;
	tail->trailing = SAVETOOL_UNKNOWN;
	return 0;
}

/*
 * Nothing but the vmdesc follows the EOF byte.  rest is what follows data, or
 * SAVETOOL_UNKNOWN.
 */
void tail_cut_trailing(struct tail *tail, uint64_t rest)
{
	uint64_t end = tail->state_size;

	if (tail->vmdesc)
		end += VMDESC_HEAD - 1 + tail->json_size;
	if (tail->vmdesc_cut)
		end = tail->size;
	if (tail->trailing != SAVETOOL_UNKNOWN)
		tail->trailing = rest == SAVETOOL_UNKNOWN ?
					 SAVETOOL_UNKNOWN :
					 tail->size - end + rest;
	tail->size = end;
}

/*
 * Every guest has a device.  So an EOF byte before the first one, which no
 * description confirms, is a zero where devices should be.
 */
int tail_parse(struct tail *tail, uint64_t rest, struct savetool_error *err)
{
	enum footers footers = tail->footers;
	uint8_t first;
	int found;

	if (tail->size == 0)
		return fail_at(err, SAVETOOL_INCOMPLETE, tail->offset,
			       "image ends");
	if (input_read_exactly(tail->in, &first, 1, tail->offset, err) < 0)
		return -1;
	found = parse_described(tail, err);
	if (found == 0 && first == SECTION_EOF)
		return fail_at(err, SAVETOOL_INCOMPLETE, tail->offset,
			       "image ends before its first device");
	if (found == 0)
		found = footers == FOOTERS_NONE ?
				parse_opaque(tail, rest, err) :
				parse_footers(tail, false, err);
	if (found < 0 && (footers == FOOTERS_NONE || !ends_before_more(tail)))
		return -1;
	tail_cut_trailing(tail, rest);
	return 0;
}
