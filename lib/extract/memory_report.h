/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was extracted of a guest's memory. */
#ifndef EXTRACT_MEMORY_REPORT_H
#define EXTRACT_MEMORY_REPORT_H

#include "extract/layout.h"
#include "io/output.h"

/*
 * Reports the ranges, and the size of the output; all else is left zero.
 * *result may be set, and has to be freed, even after a failure.
 */
int memory_report_new(struct savetool_memory **result,
		      const struct ram_layout *blocks,
		      const struct layout *layout, const struct output *out,
		      struct savetool_error *err);

#endif
