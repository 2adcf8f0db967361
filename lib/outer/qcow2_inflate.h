/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The compressed clusters of a qcow2 file. */
#ifndef OUTER_QCOW2_INFLATE_H
#define OUTER_QCOW2_INFLATE_H

#include "savetool.h"

/*
 * Decompresses all size bytes of a cluster; what follows in packed is ignored,
 * since its length is not known exactly.
 */
int qcow2_inflate(void *data, size_t size, const void *packed,
		  size_t packed_size, bool zstd, struct savetool_error *err);

#endif
