/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The name of an image as a user gives it: that of a file, or FILE::NAME for an
 * image inside a file, such as a member of an archive.
 */
#ifndef OUTER_INNER_NAME_H
#define OUTER_INNER_NAME_H

#include "savetool.h"

#include <stdlib.h>

struct inner_name {
	char *file;        /* what to open */
	const char *inner; /* in the same memory; NULL: the file itself */
};

/*
 * Splits a name, which is copied.  If a file has the whole name, the name is
 * not split.  Otherwise it is split at the first "::" before which there is the
 * name of an existing file, or "-"; if there is none, it is not split either.
 * A URI is split at the first "::" after its host.
 */
int inner_name_split(struct inner_name *name, const char *path,
		     struct savetool_error *err);

/*
 * Fails if the name is FILE::NAME: an image inside a file is never changed.
 */
int inner_name_require_none(const char *path, struct savetool_error *err);

static inline void cleanup_inner_name_(struct inner_name *name)
{
	free(name->file);
}
#define cleanup_inner_name __attribute__((cleanup(cleanup_inner_name_)))

#endif
