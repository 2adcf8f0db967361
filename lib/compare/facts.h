/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two images say about their guest besides its state. */
#ifndef COMPARE_FACTS_H
#define COMPARE_FACTS_H

#include "compare/comparison.h"
#include "compare/side.h"

/* Both have been walked.  The format is no such difference. */
int facts_compare(struct comparison *comparison, const struct side *first,
		  const struct side *second, struct savetool_error *err);

#endif
