/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything about two images except the guest state: header, XML and so on. */
#ifndef COMPARE_FACTS_H
#define COMPARE_FACTS_H

#include "compare/comparison.h"
#include "compare/side.h"

/* Both must have been walked.  The format is not compared. */
int facts_compare(struct comparison *comparison, const struct side *first,
		  const struct side *second, struct savetool_error *err);

#endif
