/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows a recipe from its first line to its last. */
#ifndef MKIMAGE_FOLLOW_H
#define MKIMAGE_FOLLOW_H

#include "image.h"

/* Writes the image that the recipe at this path describes; "-" is stdin. */
void follow(struct image *image, const char *path);

#endif
