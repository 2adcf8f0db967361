/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of describing an image, one per file, for describe.c. */
#ifndef INSPECT_DESCRIBE_INTERNAL_H
#define INSPECT_DESCRIBE_INTERNAL_H

#include "inspect/describe.h"

/* The file itself, and defaults for what is not known yet. */
int describe_file(struct description *description,
		  const struct savetool_image *image,
		  struct savetool_error *err);

/* libvirt's header, the guest, and the files that it needs. */
int describe_container(struct description *description,
		       const struct savetool_image *image,
		       struct savetool_error *err);

/*
 * The stream, from its two ends or by a walk.  -1 if the walk ended early or
 * the image cannot be restored; broken says why.
 */
int describe_stream(struct description *description, struct pass *pass,
		    struct savetool_image *image,
		    const struct describe_options *options,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *broken);

/* For a mapped-ram image: compares its bitmaps with the allocated storage. */
int describe_storage(struct description *description, struct pass *pass,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err);

/* The sizes, except those that depend on bitmaps in doubt. */
void describe_sizes(struct description *description, const struct pass *pass);

/* The releases that can restore it, as far as stream and XML say. */
int describe_releases(struct description *description,
		      struct savetool_error *err);

#endif
