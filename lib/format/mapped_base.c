/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares pages with those of an older mapped-ram image. */
#include "config.h"

#include "format/mapped_base.h"

#include "base/error.h"
#include "io/chunk.h"
#include "io/space.h"

#include <stdlib.h>
#include <string.h>

int mapped_base_init(struct mapped_base *base, int fd, struct input *in,
		     const struct ram_list *list, struct savetool_error *err)
{
	*base = (struct mapped_base){
		.fd = fd,
		.in = in,
		.list = list,
		.unit = space_block(fd),
		.buffer = malloc(CHUNK_SIZE),
	};
	return base->buffer ? 0 : fail_memory(err);
}

void mapped_base_release(struct mapped_base *base)
{
	free(base->buffer);
	base->buffer = NULL;
}

/* Where the base has the page at this offset of the run's block. */
static uint64_t find(const struct mapped_base *base, const struct page_run *run,
		     uint64_t offset)
{
	const struct ram_layout *layout = &base->list->layout;
	const struct ram_block *block =
		ram_layout_find(layout, run->block->name);

	if (!block || offset >= block->length)
		return SAVETOOL_UNKNOWN;
	return base->list->headers[block->index].pages_offset + offset;
}

/*
 * Pages that come one by one, but in order, are read ahead, more each time.
 * Gaps are pages that are zero.
 */
static size_t how_much(struct mapped_base *base, uint64_t from, size_t size)
{
	uint64_t end = base->offset + base->size;

	if (base->size == 0 || from < end || from - end > base->ahead)
		base->ahead = size;
	else if (base->ahead < CHUNK_SIZE)
		base->ahead *= 2;
	if (base->ahead > CHUNK_SIZE)
		base->ahead = CHUNK_SIZE;
	return base->ahead > size ? base->ahead : size;
}

/*
 * What the base has there, at most size bytes of it: their number, or 0.  If it
 * cannot be read, nothing is shared, and nothing is lost.
 */
static size_t read_base(struct mapped_base *base, uint64_t from, size_t size,
			const uint8_t **bytes)
{
	struct savetool_error err;
	uint64_t into = from - base->offset;

	if (from < base->offset || into >= base->size) {
		size_t much = how_much(base, from, size);

		base->offset = from;
		if (input_read_all(base->in, base->buffer, much, from,
				   &base->size, &err) < 0)
			base->size = 0;
		into = 0;
	}
	*bytes = base->buffer + into;
	return base->size - into < size ? base->size - into : size;
}

uint64_t mapped_base_compare(struct mapped_base *base,
			     const struct page_run *run, uint64_t done,
			     uint64_t to, uint64_t page_size, uint64_t *from)
{
	uint64_t grain = page_size > base->unit ? page_size : base->unit;
	uint64_t at = find(base, run, run->offset + done);
	uint64_t left = run->length - done, length;
	const uint8_t *data = run->data + done, *old;
	bool same;

	*from = SAVETOOL_UNKNOWN;
	if (at == SAVETOOL_UNKNOWN || at % base->unit != to % base->unit)
		return left;
	if (to % grain != 0 && grain - to % grain < left)
		return grain - to % grain;
	if (to % grain != 0 || left < grain)
		return left;
	left -= left % grain;
	if (left > CHUNK_SIZE)
		left = CHUNK_SIZE;
	left = read_base(base, at, left, &old);
	if (left < grain)
		return grain;
	same = memcmp(data, old, grain) == 0;
	for (length = grain; left - length >= grain; length += grain)
		if ((memcmp(data + length, old + length, grain) == 0) != same)
			break;
	if (same)
		*from = at;
	return length;
}

/* For what compares equal and yet cannot be shared. */
static int copy(struct mapped_base *base, struct output *out,
		struct savetool_error *err)
{
	uint64_t done = 0;

	base->size = 0;
	while (done < base->pending.length) {
		uint64_t left = base->pending.length - done;
		size_t size = left < CHUNK_SIZE ? left : CHUNK_SIZE;

		if (input_read_exactly(base->in, base->buffer, size,
				       base->pending.from + done, err) < 0 ||
		    output_write_at(out, base->buffer, size,
				    base->pending.to + done, err) < 0)
			return -1;
		done += size;
	}
	return 0;
}

int mapped_base_flush(struct mapped_base *base, struct output *out,
		      struct savetool_error *err)
{
	int shared;

	if (base->pending.length == 0)
		return 0;
	shared = output_clone(out, base->fd, base->pending.from,
			      base->pending.to, base->pending.length, err);
	if (shared < 0 || (shared == 0 && copy(base, out, err) < 0))
		return -1;
	if (shared > 0)
		base->shared += base->pending.length;
	base->pending.length = 0;
	return 0;
}

int mapped_base_share(struct mapped_base *base, struct output *out,
		      uint64_t from, uint64_t to, uint64_t length,
		      struct savetool_error *err)
{
	uint64_t before = base->pending.length;

	if (before > 0 && base->pending.from + before == from &&
	    base->pending.to + before == to) {
		base->pending.length += length;
		return 0;
	}
	if (mapped_base_flush(base, out, err) < 0)
		return -1;
	base->pending.from = from;
	base->pending.to = to;
	base->pending.length = length;
	return 0;
}
