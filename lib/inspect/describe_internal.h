/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that an image is described in, one a file, for describe.c. */
#ifndef INSPECT_DESCRIBE_INTERNAL_H
#define INSPECT_DESCRIBE_INTERNAL_H

#include "inspect/describe.h"

/* The file itself, and what is not known before the rest is. */
int describe_file(struct description *description,
		  const struct savetool_image *image,
		  struct savetool_error *err);

/* libvirt's header, the guest, and the files that it needs. */
int describe_container(struct description *description,
		       const struct savetool_image *image,
		       struct savetool_error *err);

/*
 * The stream, from its two ends or by a walk; -1, and broken says why, if that
 * ended early or the image is none that can be restored.
 */
int describe_stream(struct description *description,
		    struct savetool_image *image,
		    const struct describe_options *options,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *broken);

/* Of a mapped-ram image, its bitmaps against the storage it has. */
int describe_storage(struct description *description,
		     struct savetool_image *image,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err);

/* Not what only bitmaps tell that are in doubt. */
void describe_sizes(struct description *description,
		    const struct savetool_image *image);

/* The oldest releases that can restore it, as far as the stream tells. */
void describe_releases(struct savetool_info *info);

#endif
