/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the two images: a walk over it, and what is kept of it. */
#include "config.h"

#include "compare/side.h"

#include "base/error.h"

/* A part of the memory would not be the guest's. */
static int on_start(struct visitor *visitor, const struct stream *stream,
		    struct savetool_error *err)
{
	(void)visitor;
	return stream_require_own_memory(stream, err);
}

static int on_section(struct visitor *visitor, const struct section *section,
		      struct output **copy_to, struct savetool_error *err)
{
	struct side *side = (struct side *)visitor;

	return kept_sections_add(&side->early, section, copy_to, err);
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	struct side *side = (struct side *)visitor;

	(void)section;
	if (side->make_sink && side->make_sink(side, list, err) < 0)
		return -1;
	*sink = side->sink;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct side *side = (struct side *)visitor;

	side->tail = tail;
	if (fields_read(&side->fields, tail, err) < 0)
		return -1;
	return side->sink ? page_sink_finish(side->sink, err) : 0;
}

static const struct visitor_ops ops = {
	.start = on_start,
	.section = on_section,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

int side_begin(struct side *side, struct savetool_image *image,
	       struct savetool_error *err)
{
	side->base.ops = &ops;
	side->base.reads_pages = true;
	side->image = image;
	if (image_require_complete(image, err) < 0)
		return -1;
	return pass_begin(&side->pass, image, err);
}

int side_walk(struct side *side, const struct savetool_monitor *monitor,
	      struct savetool_error *err)
{
	return walk(&side->pass, &side->base, monitor, err);
}

static void forget(struct side *side)
{
	kept_sections_free(&side->early);
	page_sink_free(side->sink);
	side->sink = NULL;
	fields_free(side->fields);
	side->fields = NULL;
	pass_end(&side->pass);
}

int side_walk_latest(struct side *side, const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	if (!image_is_repeatable(side->image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "memory saved with XBZRLE cannot be resolved when reading "
		     "from a pipe");
		return fail_hint(err, SAVETOOL_HINT_FILE);
	}
	forget(side);
	if (pass_begin(&side->pass, side->image, err) < 0)
		return -1;
	return walk_latest(&side->pass, &side->base, monitor, err);
}

void side_end(struct side *side)
{
	if (side->base.ops)
		forget(side);
}
