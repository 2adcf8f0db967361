/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reasons not to trust a mapped-ram image's bitmaps. */
#ifndef IMAGE_DOUBT_H
#define IMAGE_DOUBT_H

enum doubt {
	DOUBT_NONE,
	DOUBT_BACKGROUND, /* not terminated, and a block without pages */
	DOUBT_NO_END,
	DOUBT_EMPTY,
	DOUBT_LOST_BITMAP,
	DOUBT_ORDER,
	DOUBT_HOST, /* matters only when writing for that host */
};

#endif
