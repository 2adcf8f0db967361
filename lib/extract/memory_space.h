/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is there enough disk space for the memory that will be extracted? */
#ifndef EXTRACT_MEMORY_SPACE_H
#define EXTRACT_MEMORY_SPACE_H

#include "image/image.h"
#include "io/output.h"
#include "ram/places.h"

/*
 * SAVETOOL_REFUSED if the output has too little space for the pages of the
 * blocks that have a place.  Of a sequential image, they are counted only if
 * the size of the stream does not fit.  What is compressed is not looked at.
 * The monitor may be NULL.
 */
int memory_space_check(struct output *out, struct savetool_image *image,
		       const struct ram_layout *blocks,
		       const struct ram_places *places,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err);

#endif
