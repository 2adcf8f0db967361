/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device that is saved before memory: only the vmdesc, at the far end of the
 * stream, says how long its section is.
 */
#ifndef FORMAT_EARLY_H
#define FORMAT_EARLY_H

#include "format/stream.h"

/*
 * Must the far end of this stream, which has just been opened, be read first?
 * Looks only at what is visible already, and says yes if that does not reach as
 * far as memory, or if that is in mapped-ram layout.
 */
bool early_needs_end(const struct stream *stream);

#endif
