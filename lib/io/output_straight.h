/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An output that becomes the one member of a tar archive, as output_tar does,
 * but straight on: what it will have in it is known from a plan.
 */
#ifndef IO_OUTPUT_STRAIGHT_H
#define IO_OUTPUT_STRAIGHT_H

#include "io/output_tar.h"
#include "io/tar_plan.h"

/*
 * Writes the headers of the archive to below, which is taken over, even if this
 * fails.  The plan, which is complete, outlives the output.  What is written
 * has to be what the plan was made of: otherwise, or if it is closed without a
 * commit, the archive ends within the member.
 */
int output_open_straight(struct output **out, struct output *below,
			 const struct output_tar_options *options,
			 const struct tar_plan *plan,
			 struct savetool_error *err);

#endif
