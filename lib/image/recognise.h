/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises an image, and stacks the layers that its stream comes out of. */
#ifndef IMAGE_RECOGNISE_H
#define IMAGE_RECOGNISE_H

#include "image/image.h"

/*
 * Looks at the first bytes of the highest layer, again and again, up to the
 * stream or to an archive.
 *
 * What a header says is worth showing even if there is nothing after it that
 * could be read, and so are the snapshots of a qcow2 file.  Then whoever begins
 * a pass gets the error.
 */
int image_recognise(struct savetool_image *image, struct savetool_error *err);

#endif
