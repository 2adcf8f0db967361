/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image that somebody writes to while it is read: no lock keeps others
 * away from one that is only read.
 */
#ifndef CHANGED_H
#define CHANGED_H

#include "image.h"

/*
 * Has its file been written to since it was opened?  What was read then may be
 * of two images.  Only of a regular file that can be told.
 */
int image_ask_changed(bool *changed, const struct st_image *image,
		      struct st_error *err);

/* ST_SYSTEM if it has; for who is about to say that what was read is true. */
int image_require_unchanged(const struct st_image *image, struct st_error *err);

#endif
