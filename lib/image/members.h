/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images in an archive: one after another, or the one that is meant. */
#ifndef IMAGE_MEMBERS_H
#define IMAGE_MEMBERS_H

#include "image/image.h"

/*
 * Opens an image on the layer of a member.  Takes over the layer, but not those
 * below it, and in, its first input (NULL: none yet).  *recognised: it failed,
 * but it is an image.
 */
typedef int (*member_opener)(struct savetool_image **image, bool *recognised,
			     struct savetool_image *archive,
			     struct layer *layer, struct input *in,
			     const struct savetool_open_options *options,
			     struct savetool_error *err);

/* The images in this one, which is taken over: an archive, or itself. */
int images_new(struct savetool_images **images, struct savetool_image *outside,
	       member_opener open, const struct savetool_open_options *options,
	       struct savetool_error *err);

/*
 * The one image that is meant in an archive, which is taken over: by its inner
 * name, or the only one.  SAVETOOL_USAGE if that leaves a choice; but what is
 * read forwards only is looked at no further than that image, see
 * images_require_no_more().
 */
int images_take_one(struct savetool_image **image,
		    struct savetool_image *archive, member_opener open,
		    const struct savetool_open_options *options,
		    struct savetool_error *err);

/*
 * If the image was taken as the only one of an archive that is read forwards:
 * fails if there is another one.  Nothing more is read of the image itself.
 */
int images_require_no_more(const struct savetool_image *image,
			   struct savetool_error *err);

#endif
