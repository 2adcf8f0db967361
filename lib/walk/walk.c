/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk through a guest's state. */
#include "config.h"

#include "walk/walk.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/phases.h"
#include "format/drop.h"
#include "format/mapped.h"
#include "format/page_size.h"
#include "format/sequential.h"
#include "image/allocation.h"
#include "image/trust.h"
#include "image/zero_tail.h"
#include "ram/latest.h"
#include "ram/pump.h"
#include "walk/forwards.h"

#include <inttypes.h>

struct walker {
	struct pass *pass;
	struct stream *stream;
	struct visitor *visitor;
	struct phases phases; /* the pages, and the slots of absent ones */
	struct sequential_source records;
	struct page_sink *sink; /* the visitor's, or the next one */
	struct page_sink
		*filter_latest; /* in front of it; NULL: pages pass unchanged */
	struct latest *latest;
	struct pump *pump;        /* NULL: no section had pages yet */
	struct forwards forwards; /* only if the pass goes forwards */
};

static bool needs_bitmaps(const struct walker *walker)
{
	return walker->sink || walker->visitor->reads_pages;
}

static int pump_pages(struct walker *walker, struct page_source *source,
		      struct savetool_error *err)
{
	if (!walker->pump && pump_new(&walker->pump, err) < 0)
		return -1;
	return pump_run(walker->pump, source, walker->sink,
			&walker->phases.monitor, err);
}

static int pump_records(struct walker *walker, struct savetool_error *err)
{
	if (!walker->sink)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "unexpected page records");
	sequential_source_begin(&walker->records);
	return pump_pages(walker, &walker->records.base, err);
}

/*
 * Moves the records of a section, or skips the mark of their end if the layout
 * has no records.  An empty section, as QEMU often writes it, does not reach
 * the pump.
 */
static int walk_records(struct walker *walker, struct savetool_error *err)
{
	size_t got;

	if (walker->stream->ram.mapped)
		return stream_read_ram_end_mark(walker->stream, err);
	if (reader_look(&walker->stream->reader, 8, &got, err) < 0)
		return -1;
	if (got == 8 && get_be64(walker->stream->reader.next) == RAM_EOS)
		return stream_read_ram_end_mark(walker->stream, err);
	return pump_records(walker, err);
}

/*
 * Bitmaps are in the byte order of the saving host.  A bare stream does not
 * state it, nor does a header that another host rewrote.  Read in the wrong
 * order, memory would silently be wrong; and after writing it again, nothing
 * would even cast doubt on it.
 */
static int check_order(const struct walker *walker, struct savetool_error *err)
{
	bool big = !walker->pass->image->big_endian;
	enum mapped_order order;

	if (walker->pass->forwards)
		order = forwards_order(&walker->forwards, walker->pass);
	else if (trust_order(&order, walker->pass, err) < 0)
		return -1;
	if (order == MAPPED_ORDER_WRONG) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "bitmaps appear to be %s-endian", big ? "big" : "little");
		return fail_hint(err, big ? SAVETOOL_HINT_BYTE_ORDER_BIG :
					    SAVETOOL_HINT_BYTE_ORDER_LITTLE);
	}
	if (order == MAPPED_ORDER_DOUBTFUL && walker->visitor->rewrites)
		return trust_refuse(DOUBT_ORDER, err);
	return 0;
}

/* What of the holes under present pages is not just a sparse copy. */
static int count_lost(struct pass *pass, struct savetool_error *err)
{
	struct allocation total;

	if (allocation_total(&total, pass, err) < 0)
		return -1;
	pass->lost = total.lost_bytes;
	return 0;
}

/*
 * Moves all pages of a mapped image, as if they came in a section of their own.
 */
static int walk_mapped_pages(struct walker *walker, const struct section *start,
			     struct savetool_error *err)
{
	struct pass *pass = walker->pass;
	struct section part = *start;
	struct mapped_source pages;

	if (pass_read_bitmaps(pass, err) < 0)
		return -1;
	part.type = SECTION_PART;
	if (visit(walker->visitor, ram_begin, &part, err) < 0)
		return -1;
	if (needs_bitmaps(walker) && check_order(walker, err) < 0)
		return -1;
	if (walker->sink) {
		mapped_source_init(&pages, &pass->stream.ram, pass->bitmaps,
				   pass->in, pass->pool);
		if (!image_has_own_holes(pass->image))
			mapped_source_read_holes(&pages);
		if (pump_pages(walker, &pages.base, err) < 0)
			return -1;
		if (pages.lost > 0 && count_lost(pass, err) < 0)
			return -1;
	}
	return visit(walker->visitor, ram_end, &part, err);
}

static int filter_latest(struct walker *walker, struct savetool_error *err)
{
	if (!walker->latest || !walker->sink)
		return 0;
	if (latest_sink_new(&walker->filter_latest, walker->latest,
			    walker->sink, &walker->stream->ram.layout,
			    walker->pass->image->spool_folder, err) < 0)
		return -1;
	walker->sink = walker->filter_latest;
	return 0;
}

/* The same calls, in the same order, but for those of each block. */
static int walk_forwards(struct walker *walker, const struct section *section,
			 struct savetool_error *err)
{
	struct stream *stream = walker->stream;
	struct visitor *visitor = walker->visitor;
	struct section part = *section;

	part.type = SECTION_PART;
	if (!walker->pump && pump_new(&walker->pump, err) < 0)
		return -1;
	if (forwards_read(&walker->forwards, walker->pass, visitor, section,
			  walker->pump, &walker->sink, &walker->phases.monitor,
			  err) < 0 ||
	    check_order(walker, err) < 0 ||
	    stream_read_ram_end_mark(stream, err) < 0 ||
	    stream_end_section(stream, section, err) < 0 ||
	    visit(visitor, ram_end, section, err) < 0 ||
	    visit(visitor, ram_begin, &part, err) < 0)
		return -1;
	return visit(visitor, ram_end, &part, err);
}

static int walk_ram_start(struct walker *walker, const struct section *section,
			  struct savetool_error *err)
{
	struct stream *stream = walker->stream;

	if (walker->pass->forwards)
		return walk_forwards(walker, section, err);
	if (page_size_read_list(stream, err) < 0)
		return -1;
	sequential_source_init(&walker->records, stream);
	if (visit(walker->visitor, ram_list, section, &stream->ram,
		  &walker->sink, err) < 0 ||
	    filter_latest(walker, err) < 0 || walk_records(walker, err) < 0 ||
	    stream_end_section(stream, section, err) < 0 ||
	    visit(walker->visitor, ram_end, section, err) < 0)
		return -1;
	return stream->ram.mapped ? walk_mapped_pages(walker, section, err) : 0;
}

static int walk_ram(struct walker *walker, const struct section *section,
		    struct savetool_error *err)
{
	bool made_up =
		walker->stream->ram.mapped && section->type == SECTION_PART;

	if (section->type == SECTION_START)
		return walk_ram_start(walker, section, err);
	if (!made_up && visit(walker->visitor, ram_begin, section, err) < 0)
		return -1;
	if (walk_records(walker, err) < 0 ||
	    stream_end_section(walker->stream, section, err) < 0)
		return -1;
	return made_up ? 0 : visit(walker->visitor, ram_end, section, err);
}

/* Is this one to be left out?  A PART or END has been seen before. */
static bool is_dropped(struct walker *walker, const struct section *section)
{
	struct drop *drop = walker->pass->image->drop;

	if (!drop)
		return false;
	if (section->type == SECTION_START || section->type == SECTION_FULL)
		drop_see(drop, section->name, section->instance);
	return drop_takes(drop, section->name, section->instance);
}

static int walk_other(struct walker *walker, const struct section *section,
		      struct savetool_error *err)
{
	struct reader *reader = &walker->stream->reader;
	struct output *copy_to = NULL;
	int result;

	if (is_dropped(walker, section))
		return stream_skip_payload(walker->stream, section, err) < 0 ?
			       -1 :
			       stream_end_section(walker->stream, section, err);
	if (visit(walker->visitor, section, section, &copy_to, err) < 0)
		return -1;
	reader->copy_to = copy_to;
	result = stream_skip_payload(walker->stream, section, err);
	reader->copy_to = NULL;
	if (result < 0 || stream_end_section(walker->stream, section, err) < 0)
		return -1;
	return visit(walker->visitor, section_end, section, err);
}

static int walk_item(struct walker *walker, const struct stream_item *item,
		     struct savetool_error *err)
{
	if (item->kind == STREAM_COMMAND)
		return visit(walker->visitor, command, item, err);
	if (section_is_ram(&item->section))
		return walk_ram(walker, &item->section, err);
	/* A device ahead of the others: only the vmdesc has its length. */
	if (item->section.type == SECTION_FULL && walker->pass->forwards &&
	    pass_see_end(walker->pass, err) < 0)
		return -1;
	return walk_other(walker, &item->section, err);
}

/*
 * QEMU allows background-snapshot together with mapped-ram, but then never
 * writes the bitmaps: there is no way to know which pages are present.
 */
static int check_bitmaps(struct walker *walker, struct savetool_error *err)
{
	bool rewrites = walker->visitor->rewrites;
	enum doubt doubt;

	if (!needs_bitmaps(walker) || !walker->stream->ram.mapped ||
	    (walker->stream->ram_ended && !rewrites))
		return 0;
	phases_next(&walker->phases, 100);
	if (walker->pass->forwards)
		doubt = forwards_doubt(&walker->forwards, walker->pass);
	else if (trust_storage(&doubt, walker->pass, &walker->phases.monitor,
			       err) < 0)
		return -1;
	if (doubt == DOUBT_BACKGROUND) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "background snapshot in mapped-ram: QEMU never wrote its "
		     "bitmaps");
		return fail_hint(err, trust_hint(doubt));
	}
	if (doubt != DOUBT_NONE && rewrites)
		return trust_refuse(doubt, err);
	return 0;
}

/* Records are read with a page size that only the tail may confirm. */
static int check_page_size(const struct stream *stream, const struct tail *tail,
			   struct savetool_error *err)
{
	const struct ram_layout *layout = &stream->ram.layout;

	/* Without a block, nothing but the vmdesc says it, or needs it. */
	if (!tail->vmdesc || tail->vmdesc->page_size == 0 ||
	    layout->count == 0 || tail->vmdesc->page_size == layout->page_size)
		return 0;
	fail_at(err, SAVETOOL_CORRUPT, tail->offset + tail->state_size,
		"pages of %" PRIu64
		" bytes, but the vmdesc says page size %" PRIu64,
		layout->page_size, tail->vmdesc->page_size);
	return stream_doubt_page_size(stream, err);
}

static int walk_tail(struct walker *walker, struct savetool_error *err)
{
	struct pass *pass = walker->pass;
	const struct tail *tail;

	if (stream_require_memory(walker->stream, err) < 0)
		return -1;
	if (walker->records.multifd_flushes && !walker->stream->ram.mapped)
		return fail(
			err, SAVETOOL_UNSUPPORTED,
			"main channel of a multifd migration: the pages are in "
			"other channels");
	if (check_bitmaps(walker, err) < 0 || pass_read_tail(pass, err) < 0)
		return -1;
	tail = pass->tail;
	if (check_page_size(walker->stream, tail, err) < 0)
		return -1;
	/* The end of the stream was unknown when the list was read. */
	if (walker->stream->ram.mapped &&
	    ram_list_check(&walker->stream->ram, tail_end(tail), err) < 0)
		return -1;
	pass->tail->drop = pass->image->drop;
	if (pass->image->drop &&
	    drop_check(pass->image->drop, walker->stream, tail, err) < 0)
		return -1;
	return visit(walker->visitor, tail, tail, err);
}

static int walk_with(struct pass *pass, struct visitor *visitor,
		     struct latest *latest,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	struct walker walker = {
		.pass = pass,
		.stream = &pass->stream,
		.visitor = visitor,
		.latest = latest,
	};
	struct stream_item item;
	bool devices_only;
	int more;

	phases_begin(&walker.phases, monitor);
	if (pass->image->drop)
		drop_restart(pass->image->drop);
	if (stream_has_only_devices(&devices_only, walker.stream, err) < 0)
		return -1;
	if (devices_only)
		return stream_fail_devices_only(walker.stream, err);
	if (visit(visitor, start, walker.stream, err) < 0)
		return -1;
	while ((more = stream_next(walker.stream, &item, err)) > 0) {
		if (walk_item(&walker, &item, err) < 0) {
			more = -1;
			break;
		}
	}
	if (more == 0 && latest)
		more = latest_check(latest, err);
	if (more == 0)
		more = walk_tail(&walker, err);
	pump_free(walker.pump);
	page_sink_free(walker.filter_latest);
	if (more < 0)
		zero_tail_explain(pass->image, err);
	return more;
}

int walk(struct pass *pass, struct visitor *visitor,
	 const struct savetool_monitor *monitor, struct savetool_error *err)
{
	return walk_with(pass, visitor, NULL, monitor, err);
}

/* The visitor of the first walk. */
struct tallier {
	struct visitor base;
	struct latest *latest;
	struct page_sink *sink;
};

static int tally(struct visitor *visitor, const struct section *section,
		 const struct ram_list *list, struct page_sink **sink,
		 struct savetool_error *err)
{
	struct tallier *tallier = (struct tallier *)visitor;

	(void)section;
	if (latest_tally(tallier->latest, &tallier->sink, &list->layout, err) <
	    0)
		return -1;
	*sink = tallier->sink;
	return 0;
}

static const struct visitor_ops tallier_ops = { .ram_list = tally };

int walk_latest(struct pass *pass, struct visitor *visitor,
		const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	struct tallier tallier = { .base = { .ops = &tallier_ops } };
	cleanup_pass struct pass first = PASS_INIT;
	struct phases phases;
	int result;

	if (stream_is_mapped(&pass->stream))
		return walk(pass, visitor, monitor, err);
	if (!image_is_repeatable(pass->image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "duplicate pages cannot be resolved when reading from a "
		     "pipe");
		return fail_hint(err, SAVETOOL_HINT_FILE);
	}
	if (latest_new(&tallier.latest, err) < 0)
		return -1;
	phases_begin(&phases, monitor);
	phases_next(&phases, 50);
	result = pass_begin(&first, pass->image, err);
	if (result == 0)
		result = walk(&first, &tallier.base, &phases.monitor, err);
	page_sink_free(tallier.sink);
	pass_end(&first);
	phases_next(&phases, 100);
	if (result == 0)
		result = walk_with(pass, visitor, tallier.latest,
				   &phases.monitor, err);
	latest_free(tallier.latest);
	return result;
}
