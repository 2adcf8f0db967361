/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How large the pages of a sequential stream are, if it does not say so
 * where it can be seen: its vmdescription stands at the far end.
 */
#ifndef FORMAT_PAGE_SIZE_H
#define FORMAT_PAGE_SIZE_H

#include "format/stream.h"

/*
 * Of a stream by whose configuration its pages are not told: those of this
 * architecture, in libvirt's words.  0: of none that is known.
 */
uint64_t page_size_of_arch(const char *arch);

/*
 * Behind the list of blocks, which was read with the least of all sizes:
 * tries each size on the records that can be seen from there, and sets that
 * of the stream's layout to what the vmdescription tells that was found
 * ahead, if that fits, or else to the one that leads furthest.  If several do,
 * it is that of the architecture, if it is known, or else a guess.
 */
int page_size_find(struct stream *stream, struct savetool_error *err);

#endif
