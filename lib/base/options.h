/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options from a caller who was built against another savetool.h. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "savetool.h"

/*
 * Copies a struct that starts with its own size, as its caller knows it, to
 * one of the size that is known here.  What the caller does not know is 0;
 * what is not known here must be 0, or it is SAVETOOL_USAGE: something is asked
 * for that would not be done.  given may be NULL: all is 0.
 */
int options_take(void *options, size_t size, const void *given,
		 struct savetool_error *err);

#endif
