/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sections of two images, field by field. */
#ifndef COMPARE_SECTIONS_H
#define COMPARE_SECTIONS_H

#include "compare/comparison.h"
#include "compare/side.h"

/* Both must have been walked. */
int sections_compare(struct comparison *comparison, const struct side *first,
		     const struct side *second, struct savetool_error *err);

#endif
