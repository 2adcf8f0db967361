/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An output that writes nothing, and notes what is written in a plan. */
#ifndef IO_OUTPUT_PLAN_H
#define IO_OUTPUT_PLAN_H

#include "io/output.h"
#include "io/tar_plan.h"

/*
 * The plan, which was initialised, outlives the output.  *straight becomes
 * false if what is written is too far out of order, or read back: the write
 * fails then.  The commit completes the plan.
 */
int output_open_plan(struct output **out, struct tar_plan *plan, bool *straight,
		     struct savetool_error *err);

#endif
