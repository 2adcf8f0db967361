/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XBZRLE: the changes of a page, as runs of bytes that stay and bytes that are
 * new.  QEMU: migration/xbzrle.c, xbzrle_decode_buffer.
 */
#ifndef RAM_XBZRLE_H
#define RAM_XBZRLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is this a delta for a page of this size? */
bool xbzrle_is_valid(size_t page_size, const uint8_t *delta, size_t size);

/* Applies the delta.  -1: it is not valid, and the page may be damaged. */
int xbzrle_apply(uint8_t *page, size_t page_size, const uint8_t *delta,
		 size_t size);

#endif
