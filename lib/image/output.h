/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The destination of whatever is made from an image. */
#ifndef IMAGE_OUTPUT_H
#define IMAGE_OUTPUT_H

#include "image/image.h"
#include "io/output.h"

/*
 * Can what is at this path be written in any order?  A named pipe cannot, and
 * opening it would wait for its other end.  "-" has to be opened first.
 */
bool output_path_can_seek(const char *path);

/*
 * Creates a file with the owner, mode and times of the image, as far as that
 * is permitted, or takes standard output if the path is "-".  Refuses the
 * image's own file, whatever its name; and an existing one unless force is set.
 * withhold is that of struct output_file_options.
 */
int image_output_open(struct output **out, const struct savetool_image *image,
		      const char *path, bool force, bool withhold,
		      struct savetool_error *err);

#endif
