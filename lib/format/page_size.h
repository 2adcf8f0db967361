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
 * Reads the list of blocks, as stream_read_ram_list() does, and finds the size
 * of pages if it is not stated: each size is tried on the records that can be
 * seen from there.  It is the one in the vmdesc that was found ahead, if that
 * fits, otherwise the one that leads furthest.  If several do, it is that of
 * the architecture, if that is known, otherwise a guess.
 */
int page_size_read_list(struct stream *stream, struct savetool_error *err);

#endif
