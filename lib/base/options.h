/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options from a caller that was built against another savetool.h. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "savetool.h"

/*
 * Copies an option struct, which starts with its own size as the caller knows
 * it, into one of the size known here.  Fields that the caller does not know
 * become 0.  Fields that are not known here must be 0, otherwise it is
 * SAVETOOL_USAGE: the caller asks for something that would not be done.  given
 * may be NULL: all fields become 0.
 */
int options_take(void *options, size_t size, const void *given,
		 struct savetool_error *err);

#endif
