/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first bytes of an output that cannot appear under its name all at once.
 * Zeros stand there until everything else is on the disk, so what is incomplete
 * is not taken for an image.
 */
#ifndef IO_WITHHELD_H
#define IO_WITHHELD_H

#include "io/output.h"

struct withheld {
	bool active;
	uint8_t bytes[OUTPUT_LAST];
	size_t size;
};

/*
 * Takes as many of the first bytes as the iovecs, which are written at offset,
 * have of them, and puts the iovecs after them.  Returns how many, which may be
 * 0: zeros are to be written there.
 */
size_t withheld_take(struct withheld *withheld, struct iovec *iov,
		     unsigned count, uint64_t offset);

#endif
