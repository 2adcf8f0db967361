/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a mapped-ram image's bitmaps can be trusted.  Normally an absent page
 * has no storage; if it has, the bitmaps may be wrong.
 */
#ifndef IMAGE_TRUST_H
#define IMAGE_TRUST_H

#include "format/mapped_order.h"
#include "image/doubt.h"
#include "image/pass.h"

/*
 * How the pages fit the bitmaps, unless a header states the byte order that the
 * guest's hosts have.  Reads some pages.  If they leave a doubt, the byte order
 * given at opening counts.
 */
int trust_order(enum mapped_order *order, const struct pass *pass,
		struct savetool_error *err);

/*
 * What the storage says; the image must have been walked up to its tail.  May
 * read slots, as allocation_clear_data() does; so may the next one.
 */
int trust_storage(enum doubt *doubt, struct pass *pass,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err);

/* Both: the reason not to trust the bitmaps, if there is one. */
int trust_bitmaps(enum doubt *doubt, struct pass *pass,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err);

/* Is its host unknown, and possibly big-endian?  The image must be started. */
bool trust_needs_host(const struct pass *pass);

/*
 * The reason not to write or clear bits, even if the present ones are right,
 * and not to write a new libvirt header: the host may be big-endian, and its
 * byte order is unknown.  The pages of a mapped-ram image may show it; its
 * bitmaps must have been read.
 */
int trust_host(enum doubt *doubt, const struct pass *pass,
	       struct savetool_error *err);

/* Describes a doubt. */
const char *trust_reason(enum doubt doubt);

/* What helps against it, whatever was asked for. */
enum savetool_hint trust_hint(enum doubt doubt);

/* SAVETOOL_REFUSED for a doubt, with what helps.  Always -1. */
int trust_refuse(enum doubt doubt, struct savetool_error *err);

#endif
