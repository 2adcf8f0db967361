/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is there enough space for what will be written? */
#ifndef REWRITE_FIT_H
#define REWRITE_FIT_H

#include "image/pass.h"

/*
 * Refuses to start if the file system of out has too little space, as far as
 * the content shows: by the image's bitmaps, or by the size of its stream.
 * Only if that bound does not fit, the pages are counted.  How small a
 * compressed image becomes cannot be known in advance.  out is given the result
 * as its expected size.
 *
 * The image must have been started; it is started again afterwards.  The
 * monitor may be NULL.
 */
int fit_check(struct output *out, struct pass *pass,
	      enum savetool_format format,
	      const struct savetool_monitor *monitor,
	      struct savetool_error *err);

#endif
