/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The name of an image as a user gives it: a file's, or FILE::NAME for what
 * lies in a file, such as a member of an archive.
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
 * Splits a name, which is copied.  A file that has all of it as its name comes
 * first, then the shortest one that is followed by "::"; "-" is such a file.
 * If there is no file at all, the name is not split.  A URI is split at the
 * first "::" after its host.
 */
int inner_name_split(struct inner_name *name, const char *path,
		     struct savetool_error *err);

/*
 * Fails if the name is FILE::NAME: what lies in a file is never changed there.
 */
int inner_name_require_none(const char *path, struct savetool_error *err);

static inline void cleanup_inner_name_(struct inner_name *name)
{
	free(name->file);
}
#define cleanup_inner_name __attribute__((cleanup(cleanup_inner_name_)))

#endif
