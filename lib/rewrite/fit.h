/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is there room for what is going to be written? */
#ifndef REWRITE_FIT_H
#define REWRITE_FIT_H

#include "image/image.h"

/*
 * Refuses to start what the file system of out has no room for, as far as
 * the content of the image tells: by its bitmaps, or by the size of its
 * stream.  If only that bound does not fit, the pages are counted.  How small
 * a packed image becomes nobody knows ahead.  What is found is what out is
 * told to expect.
 *
 * The image, which has been started, is so again afterwards.  The monitor may
 * be NULL.
 */
int fit_check(struct output *out, struct savetool_image *source,
	      enum savetool_format format,
	      const struct savetool_monitor *monitor,
	      struct savetool_error *err);

#endif
