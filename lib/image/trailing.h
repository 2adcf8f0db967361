/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows an image in its file. */
#ifndef IMAGE_TRAILING_H
#define IMAGE_TRAILING_H

#include "image/pass.h"

/*
 * Behind the last byte of an image whose tail is known: of a mapped-ram one a
 * bitmap may be the last.
 */
uint64_t trailing_start(const struct pass *pass);

/* The bytes behind that; SAVETOOL_UNKNOWN if nobody knows. */
uint64_t trailing_length(const struct pass *pass);

/*
 * Where in the bytes behind that, maybe behind zeros, an image of their own
 * starts, by its magic: another guest, and not to be dropped. SAVETOOL_UNKNOWN:
 * nowhere, if no more bytes of storage than most are looked at.
 */
int trailing_find_image(uint64_t *start, const struct pass *pass, uint64_t most,
			struct savetool_error *err);

#endif
