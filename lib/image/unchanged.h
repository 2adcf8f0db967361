/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image that somebody writes to while it is read: no lock keeps others
 * away from one that is only read.
 */
#ifndef IMAGE_UNCHANGED_H
#define IMAGE_UNCHANGED_H

#include "image/image.h"

/*
 * Has its file been written to since it was opened?  What was read then may be
 * of two images.  Only of a regular file that can be told.
 */
int image_has_changed(bool *changed, const struct savetool_image *image,
		      struct savetool_error *err);

/* SAVETOOL_SYSTEM if it has; for who is about to say that what was read is
 * true. */
int image_require_unchanged(const struct savetool_image *image,
			    struct savetool_error *err);

#endif
