/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may speak against believing a mapped-ram image's bitmaps. */
#ifndef IMAGE_DOUBT_H
#define IMAGE_DOUBT_H

enum doubt {
	DOUBT_NONE,
	DOUBT_BACKGROUND, /* no end, and a block without a page */
	DOUBT_NO_END,
	DOUBT_EMPTY,
	DOUBT_LOST_BITMAP,
	DOUBT_ORDER,
	DOUBT_HOST, /* only for who writes for that host */
};

#endif
