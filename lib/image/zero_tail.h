/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A copy that broke off into a file of its full length: everything from some
 * byte on is zero.
 */
#ifndef IMAGE_ZERO_TAIL_H
#define IMAGE_ZERO_TAIL_H

#include "image/image.h"

/*
 * If reading failed because the rest of the file is zero, appends that to the
 * sentence, with the byte from which on it is so.  Reads the file from its end
 * on, as far as it is zero.
 */
void zero_tail_explain(const struct savetool_image *image,
		       struct savetool_error *err);

#endif
