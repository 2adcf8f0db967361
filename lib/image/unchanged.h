/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Detects that another process writes to an image while it is read: no lock
 * prevents that.
 */
#ifndef IMAGE_UNCHANGED_H
#define IMAGE_UNCHANGED_H

#include "image/image.h"

/*
 * Has its file been written to since it was opened?  Then what was read may mix
 * two images.  Can be known only for a regular file.
 */
int image_has_changed(bool *changed, const struct savetool_image *image,
		      struct savetool_error *err);

/*
 * SAVETOOL_SYSTEM if it has changed; SAVETOOL_USAGE if another image follows in
 * an archive that has just been read forwards, and none was named.  Call this
 * before reporting that what was read is true.
 */
int image_require_unchanged(const struct savetool_image *image,
			    struct savetool_error *err);

#endif
