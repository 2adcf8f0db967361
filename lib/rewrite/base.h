/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An older image whose storage the destination shares.  It is cloned to an
 * unnamed file first, and only the clone is read, compared and shared, so no
 * other process can change it in between.
 */
#ifndef REWRITE_BASE_H
#define REWRITE_BASE_H

#include "format/mapped_base.h"
#include "image/pass.h"

struct base {
	struct savetool_image *image; /* NULL: storage cannot be shared */
	struct pass pass;
	struct mapped_base mapped;
};

/*
 * Opens the image and checks that it is an uncompressed mapped-ram one.  *base,
 * which has to be released even after a failure, has no image then if the
 * folder of the destination cannot share storage with it.
 */
int base_open(struct base *base, const char *path, const char *destination,
	      bool direct, const struct savetool_monitor *monitor,
	      struct savetool_error *err);

/* All zero is fine. */
void base_release(struct base *base);

#define cleanup_base __attribute__((cleanup(base_release)))

#endif
