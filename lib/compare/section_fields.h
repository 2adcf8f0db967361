/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a section whose bytes differ. */
#ifndef COMPARE_SECTION_FIELDS_H
#define COMPARE_SECTION_FIELDS_H

#include "compare/payload.h"

/*
 * Compares the fields of the section that was added to the comparison last,
 * because its bytes differ.  The vmdesc of either image is used, if it fits.
 */
int fields_compare(struct comparison *comparison, const char *name,
		   uint32_t instance, const struct payload *first,
		   const struct payload *second, struct savetool_error *err);

#endif
