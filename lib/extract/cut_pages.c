/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the pages of a mapped-ram image that ends somewhere in them. */
#include "config.h"

#include "extract/cut_pages.h"

#include "base/error.h"
#include "format/mapped.h"
#include "ram/pump.h"

#include <stdlib.h>

struct cut_pages {
	const struct ram_list *list;
	struct bitmap *bitmaps; /* one a block */
	unsigned count;         /* of those that were read */

	/* The first that lacks some of its pages, if it is in the list. */
	const struct ram_block *lacking;
	uint64_t left; /* how many it has */
};

static int read_bitmaps(struct cut_pages *pages, const struct pass *pass,
			struct savetool_error *err)
{
	const struct ram_list *list = pages->list;

	pages->bitmaps = calloc(list->layout.count, sizeof(*pages->bitmaps));
	if (!pages->bitmaps)
		return fail_memory(err);
	for (unsigned i = 0; i < list->layout.count; i++, pages->count++) {
		const struct ram_block *block = &list->layout.blocks[i];
		uint64_t left;

		if (mapped_read_cut_bitmap(&pages->bitmaps[i], &left, pass->in,
					   list, i, pass->image->big_endian,
					   err) < 0)
			return -1;
		if (!pages->lacking &&
		    left * list->layout.page_size < block->length) {
			pages->lacking = block;
			pages->left = left;
		}
	}
	return 0;
}

static int move(const struct cut_pages *pages, struct pass *pass,
		struct page_sink *sink, const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	struct mapped_source source;
	struct pump *pump;
	int failed;

	if (pump_new(&pump, err) < 0)
		return -1;
	mapped_source_init(&source, pages->list, pages->bitmaps, pass->in,
			   pass->pool);
	if (!image_has_own_holes(pass->image))
		mapped_source_read_holes(&source);
	failed = pump_run(pump, &source.base, sink, monitor, err);
	pump_free(pump);
	return failed;
}

static int fail_end(const struct cut_pages *pages, const struct pass *pass,
		    struct savetool_error *err)
{
	fail_at(err, SAVETOOL_INCOMPLETE, pass->in->size, "image ends");
	if (!pages->lacking)
		return -1;
	return fail_about_page(err, pages->lacking->name, pages->left);
}

int cut_pages_move(struct pass *pass, struct page_sink *sink,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err)
{
	struct cut_pages pages = { .list = &pass->stream.ram };

	if (read_bitmaps(&pages, pass, err) == 0 &&
	    move(&pages, pass, sink, monitor, err) == 0)
		fail_end(&pages, pass, err);
	for (unsigned i = 0; i < pages.count; i++)
		bitmap_free(&pages.bitmaps[i]);
	free(pages.bitmaps);
	return -1;
}
