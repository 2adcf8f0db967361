/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a mapped-ram image without going back. */
#include "config.h"

#include "walk/forwards.h"

#include "base/error.h"

/* One block of several. */
struct step {
	struct forwards *forwards;
	struct pass *pass;
	struct pump *pump;
	struct page_sink *sink;
	const struct savetool_monitor *monitor;
	unsigned index;
	uint64_t done; /* bytes of the blocks before it */
};

static bool is_empty(const struct bitmap *bitmap)
{
	return bitmap_find(bitmap, 0, true) >= bitmap->bits;
}

static void note(struct forwards *forwards, const struct ram_block *block,
		 const struct bitmap *bitmap,
		 const struct mapped_forwards *source)
{
	forwards->stale += source->stale;
	forwards->votes.as_read += source->votes.as_read;
	forwards->votes.other += source->votes.other;
	forwards->votes.absent_data |= source->votes.absent_data;
	if (!is_empty(bitmap))
		forwards->present = true;
	else if (source->stale > 0 && block->prefilled)
		forwards->emptied_prefilled = true;
	else if (source->stale > 0)
		forwards->emptied = true;
}

/*
 * What lies before the reader is gone.  In most cases, something else is there,
 * too.
 */
static int require_ahead(struct step *step, struct savetool_error *err)
{
	struct ram_list *list = &step->pass->stream.ram;
	const struct mapped_header *header = &list->headers[step->index];
	uint64_t offset = step->pass->stream.reader.offset;

	if (header->bitmap_offset >= offset && header->pages_offset >= offset)
		return 0;
	list->end = offset;
	if (ram_list_check(list, offset, err) < 0)
		return -1;
	fail_at(err, SAVETOOL_UNSUPPORTED, header->header_offset,
		"the bitmap or the pages come before the header of the block, "
		"so they cannot be read forwards");
	fail_hint(err, SAVETOOL_HINT_UNCOMPRESSED_FILE);
	return fail_in_block(err, list->layout.blocks[step->index].name);
}

/*
 * QEMU puts the bitmap between the header and the pages.  If it comes later,
 * the rest is kept in a temporary file.
 */
static int read_bitmap(struct bitmap *bitmap, struct step *step,
		       struct savetool_error *err)
{
	struct pass *pass = step->pass;
	const struct ram_list *list = &pass->stream.ram;
	const struct mapped_header *header = &list->headers[step->index];
	struct reader *reader = &pass->stream.reader;
	bool big_endian = pass->image->big_endian;

	if (header->bitmap_offset < header->pages_offset)
		return mapped_take_bitmap(bitmap, reader, list, step->index,
					  big_endian, pass->strays, err);
	if (pass_keep_rest(pass, err) < 0)
		return -1;
	return mapped_read_bitmap(bitmap, pass->in, list, step->index,
				  big_endian, pass->strays, err);
}

static int move_pages(struct step *step, const struct bitmap *bitmap,
		      struct savetool_error *err)
{
	struct stream *stream = &step->pass->stream;
	const struct ram_block *block = &stream->ram.layout.blocks[step->index];
	const struct mapped_header *header = &stream->ram.headers[step->index];
	struct mapped_forwards source;

	if (reader_go(&stream->reader, header->pages_offset, err) < 0)
		return fail_in_block(err, block->name);
	mapped_forwards_init(&source, &stream->ram, step->index, bitmap,
			     &stream->reader, step->done);
	if (pump_run(step->pump, &source.base, step->sink, step->monitor, err) <
	    0)
		return -1;
	note(step->forwards, block, bitmap, &source);
	step->done += block->length;
	return 0;
}

static int move_block(struct step *step, struct savetool_error *err)
{
	struct bitmap bitmap;
	int failed;

	if (require_ahead(step, err) < 0 || read_bitmap(&bitmap, step, err) < 0)
		return -1;
	failed = move_pages(step, &bitmap, err);
	bitmap_free(&bitmap);
	return failed;
}

int forwards_read(struct forwards *forwards, struct pass *pass,
		  struct visitor *visitor, const struct section *section,
		  struct pump *pump, struct page_sink **sink,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err)
{
	struct stream *stream = &pass->stream;
	struct step step = {
		.forwards = forwards,
		.pass = pass,
		.pump = pump,
		.monitor = monitor,
	};
	int more;

	if (stream_begin_ram_list(stream, err) < 0)
		return -1;
	while ((more = stream_next_ram_block(stream, err)) > 0) {
		step.index = stream->ram.layout.count - 1;
		more = step.index == 0 ?
			       visit(visitor, ram_list, section, &stream->ram,
				     &step.sink, err) :
			       visit(visitor, ram_block, &stream->ram, err);
		if (more < 0 || move_block(&step, err) < 0)
			return -1;
	}
	if (more == 0 && stream->ram.layout.count == 0)
		more = visit(visitor, ram_list, section, &stream->ram,
			     &step.sink, err);
	*sink = step.sink;
	return more;
}

enum doubt forwards_doubt(const struct forwards *forwards,
			  const struct pass *pass)
{
	bool ended = pass->stream.ram_ended;

	if (forwards->stale == 0)
		return DOUBT_NONE;
	/* A device's memory may be empty, over old pages of a live save. */
	if (forwards->emptied ||
	    (forwards->emptied_prefilled && !forwards->present))
		return ended ? DOUBT_EMPTY : DOUBT_BACKGROUND;
	return ended ? DOUBT_NONE : DOUBT_NO_END;
}

enum mapped_order forwards_order(const struct forwards *forwards,
				 const struct pass *pass)
{
	enum mapped_order order = mapped_order_decide(&forwards->votes);

	if (pass->image->libvirt &&
	    !libvirt_order_is_doubtful(pass->image->libvirt))
		return MAPPED_ORDER_FITS;
	if (pass->image->order_given && order == MAPPED_ORDER_DOUBTFUL)
		return MAPPED_ORDER_FITS;
	return order;
}
