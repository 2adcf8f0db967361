/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the page size of a sequential stream that does not state it near its
 * start; its vmdesc is at the far end.
 */
#ifndef FORMAT_PAGE_SIZE_H
#define FORMAT_PAGE_SIZE_H

#include "format/stream.h"

/*
 * The page size of this architecture, in libvirt's spelling, for a stream whose
 * configuration does not state one.  0: unknown architecture.
 */
uint64_t page_size_of_arch(const char *arch);

/*
 * Reads the list of blocks, as stream_read_ram_list() does, and finds the page
 * size if it is not stated: each size is tried on the records within sight.
 * The vmdesc that was found at the end of the file decides, if its size fits;
 * otherwise the size that leads furthest.  If several do, it is that of the
 * architecture, or if that is unknown, a guess.
 */
int page_size_read_list(struct stream *stream, struct savetool_error *err);

#endif
