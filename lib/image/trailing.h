/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows an image in its file. */
#ifndef IMAGE_TRAILING_H
#define IMAGE_TRAILING_H

#include "image/pass.h"

/*
 * The offset just past an image whose tail is known: in a mapped-ram image a
 * bitmap may be the last part.
 */
uint64_t trailing_start(const struct pass *pass);

/* The number of bytes after that, or SAVETOOL_UNKNOWN. */
uint64_t trailing_length(const struct pass *pass);

/*
 * Finds another image in the bytes after that, perhaps after zeros, by its
 * magic: it is another guest and must not be dropped.  SAVETOOL_UNKNOWN: there
 * is none in the first "most" bytes of storage.
 */
int trailing_find_image(uint64_t *start, const struct pass *pass, uint64_t most,
			struct savetool_error *err);

#endif
