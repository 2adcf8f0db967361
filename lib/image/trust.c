/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bitmaps can be trusted. */
#include "config.h"

#include "image/trust.h"

#include "base/error.h"
#include "image/allocation.h"

#include <string.h>

int trust_order(enum mapped_order *order, const struct pass *pass,
		struct savetool_error *err)
{
	*order = MAPPED_ORDER_FITS;
	if (pass->image->libvirt &&
	    !libvirt_order_is_doubtful(pass->image->libvirt))
		return 0;
	if (mapped_order_probe(order, pass->in, &pass->stream.ram,
			       pass->bitmaps, err) < 0)
		return -1;
	/*
	 * Old pages cause the doubt, and the caller knows; or is clearly wrong.
	 */
	if (pass->image->order_given && *order == MAPPED_ORDER_DOUBTFUL)
		*order = MAPPED_ORDER_FITS;
	return 0;
}

static int find_stale(uint64_t *stale, const struct pass *pass,
		      struct savetool_error *err)
{
	struct allocation total;

	if (allocation_total(&total, pass, err) < 0)
		return -1;
	*stale = total.stale_bytes;
	return 0;
}

/*
 * Is a bitmap empty although there is data, or is a part of one lost in a hole?
 */
static int find_clear_data(bool *emptied, bool *lost, struct pass *pass,
			   const struct savetool_monitor *monitor,
			   struct savetool_error *err)
{
	const struct clear_data *blocks;

	if (allocation_clear_data(&blocks, pass, monitor, err) < 0)
		return -1;
	*emptied = *lost = false;
	for (unsigned i = 0; i < pass->bitmap_count; i++) {
		*emptied = *emptied || blocks[i].emptied;
		*lost = *lost || blocks[i].lost_count > 0;
	}
	return 0;
}

static int doubt_storage(enum doubt *doubt, uint64_t *stale, struct pass *pass,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	bool ended = pass->stream.ram_ended, emptied, lost;

	*doubt = DOUBT_NONE;
	if (find_stale(stale, pass, err) < 0)
		return -1;
	if (*stale == 0)
		return 0;
	if (find_clear_data(&emptied, &lost, pass, monitor, err) < 0)
		return -1;
	if (emptied)
		*doubt = ended ? DOUBT_EMPTY : DOUBT_BACKGROUND;
	else if (!ended)
		*doubt = DOUBT_NO_END;
	else if (lost)
		*doubt = DOUBT_LOST_BITMAP;
	return 0;
}

int trust_storage(enum doubt *doubt, struct pass *pass,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err)
{
	uint64_t stale;

	return doubt_storage(doubt, &stale, pass, monitor, err);
}

int trust_bitmaps(enum doubt *doubt, struct pass *pass,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err)
{
	enum mapped_order order;
	uint64_t stale;

	if (doubt_storage(doubt, &stale, pass, monitor, err) < 0)
		return -1;
	/* If nothing is stored, nothing can be lost. */
	if (*doubt != DOUBT_NONE || stale == 0)
		return 0;
	if (trust_order(&order, pass, err) < 0)
		return -1;
	if (order == MAPPED_ORDER_DOUBTFUL || order == MAPPED_ORDER_WRONG)
		*doubt = DOUBT_ORDER;
	return 0;
}

/* Apart from s390's, practically all hosts are little-endian. */
bool trust_needs_host(const struct pass *pass)
{
	const char *machine = pass->stream.configuration.machine;

	if (image_order_is_known(pass->image))
		return false;
	/* A header with another order contradicts that. */
	return pass->image->libvirt ||
	       (machine && strncmp(machine, "s390", 4) == 0);
}

int trust_host(enum doubt *doubt, const struct pass *pass,
	       struct savetool_error *err)
{
	enum mapped_order order = MAPPED_ORDER_UNKNOWN;

	*doubt = DOUBT_NONE;
	if (!trust_needs_host(pass))
		return 0;
	if (stream_is_mapped(&pass->stream) &&
	    trust_order(&order, pass, err) < 0)
		return -1;
	if (order == MAPPED_ORDER_UNKNOWN)
		*doubt = DOUBT_HOST;
	return 0;
}

const char *trust_reason(enum doubt doubt)
{
	static const char *const reasons[] = {
		[DOUBT_NONE] = "",
		[DOUBT_BACKGROUND] =
			"the RAM section is not terminated, so QEMU never "
			"wrote the bitmaps, and they are empty",
		[DOUBT_NO_END] =
			"the RAM section is not terminated, so QEMU never "
			"wrote the bitmaps: pages that they show as absent may "
			"be present",
		[DOUBT_EMPTY] =
			"a bitmap marks all pages as absent, but their slots "
			"hold data",
		[DOUBT_LOST_BITMAP] =
			"part of a bitmap lies in a hole, but slots of pages "
			"that it marks as absent hold data",
		[DOUBT_ORDER] = "the bitmaps look byte-swapped",
		[DOUBT_HOST] = "the byte order of the host is unknown",
	};

	return reasons[doubt];
}

enum savetool_hint trust_hint(enum doubt doubt)
{
	switch (doubt) {
	case DOUBT_NONE:
		break;
	case DOUBT_ORDER:
	case DOUBT_HOST:
		return SAVETOOL_HINT_BYTE_ORDER;
	case DOUBT_BACKGROUND:
		return SAVETOOL_HINT_SAVE_WITHOUT_SNAPSHOT;
	case DOUBT_NO_END:
	case DOUBT_EMPTY:
	case DOUBT_LOST_BITMAP:
		return SAVETOOL_HINT_COPY_OR_SAVE_AGAIN;
	}
	return SAVETOOL_HINT_NONE;
}

int trust_refuse(enum doubt doubt, struct savetool_error *err)
{
	fail(err, SAVETOOL_REFUSED, "%s", trust_reason(doubt));
	return fail_hint(err, trust_hint(doubt));
}
