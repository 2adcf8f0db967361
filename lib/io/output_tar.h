/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An output that becomes the one member of a tar archive, with its holes: pax,
 * in the form that GNU tar calls sparse format 1.0.
 *
 * The map of holes comes before the first byte, so everything is kept in an
 * unnamed temporary file until the commit; output_straight needs none.
 */
#ifndef IO_OUTPUT_TAR_H
#define IO_OUTPUT_TAR_H

#include "io/output.h"

#include <time.h>

/*
 * The most ranges of data in the map.  If a file has more, the shortest holes
 * in it become data, until that is enough.
 */
#define OUTPUT_TAR_RANGES 250000

struct output_tar_options {
	const char *name;                       /* of the member */
	time_t modified;                        /* its time */
	const char *folder;                     /* of the temporary file */
	const struct savetool_monitor *monitor; /* may stop it; or NULL */
};

/*
 * The commit writes the archive to below, which is taken over, even if this
 * fails, and commits that.
 */
int output_open_tar(struct output **out, struct output *below,
		    const struct output_tar_options *options,
		    struct savetool_error *err);

#endif
