/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is there room for what is going to be written? */
#ifndef SPACE_H
#define SPACE_H

#include "image.h"

/*
 * Refuses to start what the file system of out has no room for, as far as
 * the content of the image tells: by its bitmaps, or by the size of its
 * stream.  If only that bound does not fit, the pages are counted.  How small
 * a packed image becomes nobody knows ahead.
 *
 * The image, which has been started, is so again afterwards.
 */
int space_check(const struct output *out, struct st_image *source,
		enum st_format format, const struct st_monitor *monitor,
		struct st_error *err);

#endif
