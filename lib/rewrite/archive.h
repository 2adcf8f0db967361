/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destination is a tar archive: what is written becomes a member of it.
 * Its map of holes comes before the first byte.  If the source can be read
 * twice, a first run makes the map; otherwise everything is kept in a temporary
 * file.
 */
#ifndef REWRITE_ARCHIVE_H
#define REWRITE_ARCHIVE_H

#include "io/tar_plan.h"
#include "rewrite/rewrite.h"

struct archive_plan {
	bool made;
	struct tar_plan plan;
};

/*
 * Puts an output for the archive on *out.  The name is that of the member; "":
 * the source's.  The archive plan, all zero at first, must outlive the output.
 */
int archive_wrap(struct output **out, struct archive_plan *archive,
		 struct rewrite *rewrite, const char *name,
		 struct savetool_error *err);

static inline void cleanup_archive_plan_(struct archive_plan *archive)
{
	if (archive->made)
		tar_plan_free(&archive->plan);
}
#define cleanup_archive_plan __attribute__((cleanup(cleanup_archive_plan_)))

#endif
