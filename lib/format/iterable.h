/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections other than RAM that QEMU saves in several parts.  Nothing tells
 * how long such a part is, but the grammar of each kind does.
 */
#ifndef FORMAT_ITERABLE_H
#define FORMAT_ITERABLE_H

#include "format/section.h"
#include "io/reader.h"

/*
 * Passes over the payload of a START, PART or END, from behind its header.
 * A kind whose grammar is not known is SAVETOOL_UNSUPPORTED.
 */
int iterable_skip(struct reader *reader, const struct section *section,
		  struct savetool_error *err);

#endif
