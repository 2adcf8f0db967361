/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps, and what speaks against them. */
#include "config.h"

#include "trust.h"

#include "base/error.h"
#include "survey.h"

int trust_order(enum mapped_order *order, const struct st_image *image,
		struct st_error *err)
{
	*order = MAPPED_ORDER_FITS;
	if (image->libvirt || image->big_endian)
		return 0;
	return mapped_order_ask(order, image_input(image), &image->stream.ram,
				image->bitmaps, err);
}

static int find_lost_bitmap(bool *lost, const struct st_image *image,
			    struct st_error *err)
{
	struct lost_extent extent;

	*lost = false;
	for (unsigned i = 0; i < image->bitmap_count && !*lost; i++) {
		int found = survey_bitmap(&extent, image, i, 0, err);

		if (found < 0)
			return -1;
		*lost = found > 0;
	}
	return 0;
}

/* Storage in slots without a bit, and if there is a bit at all. */
static int survey(uint64_t *stale, bool *empty, const struct st_image *image,
		  struct st_error *err)
{
	struct block_survey block;

	*stale = 0;
	*empty = true;
	for (unsigned i = 0; i < image->bitmap_count; i++) {
		if (image->stream.ram.places[i].pages_offset == 0)
			continue;
		if (survey_block(&block, image, i, err) < 0)
			return -1;
		*stale += block.stale_bytes;
		if (block.present > 0)
			*empty = false;
	}
	return 0;
}

static int doubt_storage(enum doubt *doubt, uint64_t *stale,
			 const struct st_image *image, struct st_error *err)
{
	bool ended = image->stream.ram_ended, empty, lost;

	if (survey(stale, &empty, image, err) < 0 ||
	    find_lost_bitmap(&lost, image, err) < 0)
		return -1;
	*doubt = DOUBT_NONE;
	if (*stale > 0 && empty)
		*doubt = ended ? DOUBT_EMPTY : DOUBT_BACKGROUND;
	else if (*stale > 0 && !ended)
		*doubt = DOUBT_NO_END;
	else if (lost)
		*doubt = DOUBT_LOST_BITMAP;
	return 0;
}

int trust_storage(enum doubt *doubt, const struct st_image *image,
		  struct st_error *err)
{
	uint64_t stale;

	return doubt_storage(doubt, &stale, image, err);
}

int trust_bitmaps(enum doubt *doubt, const struct st_image *image,
		  struct st_error *err)
{
	enum mapped_order order;
	uint64_t stale;

	if (doubt_storage(doubt, &stale, image, err) < 0)
		return -1;
	/* Where nothing is stored, nothing can be lost. */
	if (*doubt != DOUBT_NONE || stale == 0)
		return 0;
	if (trust_order(&order, image, err) < 0)
		return -1;
	if (order != MAPPED_ORDER_FITS)
		*doubt = DOUBT_ORDER;
	return 0;
}

const char *trust_reason(enum doubt doubt)
{
	static const char *const reasons[] = {
		[DOUBT_NONE] = "",
		[DOUBT_BACKGROUND] =
			"its memory has no end, at which QEMU writes the "
			"bitmaps, and they are empty",
		[DOUBT_NO_END] =
			"its memory has no end, at which QEMU writes the "
			"bitmaps: they may say that pages are absent which "
			"are not",
		[DOUBT_EMPTY] = "its bitmaps say that there is no memory, yet "
				"its places have storage",
		[DOUBT_LOST_BITMAP] = "a part of a bitmap lies in a hole, yet "
				      "there is data where it says that no "
				      "page is",
		[DOUBT_ORDER] = "its pages do not fit its bitmaps, but would "
				"in the other byte order",
	};

	return reasons[doubt];
}

int trust_refuse(enum doubt doubt, const char *way_out, struct st_error *err)
{
	return fail(err, ST_REFUSED, "%s; %s", trust_reason(doubt), way_out);
}
