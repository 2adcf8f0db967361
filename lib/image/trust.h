/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a mapped-ram image's bitmaps are to be believed.  What they call
 * absent has no storage as a rule; where it has, they may be wrong.
 */
#ifndef IMAGE_TRUST_H
#define IMAGE_TRUST_H

#include "format/mapped_order.h"
#include "image/doubt.h"
#include "image/pass.h"

/*
 * How the pages fit, unless a header states the order that the guest's hosts
 * have; reads some of them.  Where they leave a doubt, the word of who opened
 * the image counts.
 */
int trust_order(enum mapped_order *order, const struct pass *pass,
		struct savetool_error *err);

/*
 * What the storage says; the image has been walked up to its tail.  May read
 * places of pages, as allocation_clear_data() does; so may the next one.
 */
int trust_storage(enum doubt *doubt, struct pass *pass,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err);

/* Both: what speaks against believing them, if something does. */
int trust_bitmaps(enum doubt *doubt, struct pass *pass,
		  const struct savetool_monitor *monitor,
		  struct savetool_error *err);

/* Is its host untold, and one that may be big-endian?  It has been started. */
bool trust_needs_host(const struct pass *pass);

/*
 * What speaks against writing or clearing bits, even if those that are there
 * are right, and against a new libvirt header: a host that may be big-endian,
 * while nothing tells.  Of a mapped-ram image, whose pages may tell, the
 * bitmaps have been read.
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
