/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies XBZRLE to a page. */
#include "config.h"

#include "ram/xbzrle.h"

#include <string.h>

/*
 * A length of up to 14 bits: seven in the first byte, seven more in the second
 * if the first has its high bit set.
 */
static int read_length(const uint8_t **next, const uint8_t *end, size_t *length)
{
	if (*next == end)
		return -1;
	*length = *(*next)++;
	if (!(*length & 0x80))
		return 0;
	if (*next == end || **next & 0x80)
		return -1;
	*length = (*length & 0x7f) | (size_t) * (*next)++ << 7;
	return 0;
}

/* Reads the delta, and applies it if page is not NULL. */
static int decode(uint8_t *page, size_t page_size, const uint8_t *delta,
		  size_t size)
{
	const uint8_t *next = delta, *end = delta + size;
	size_t at = 0, length;

	while (next < end) {
		/* Bytes that stay: may be none only at the very start. */
		if (end - next < 2 || read_length(&next, end, &length) < 0 ||
		    (length == 0 && at != 0) || length > page_size - at)
			return -1;
		at += length;
		/* Bytes that are new. */
		if (end - next < 2 || read_length(&next, end, &length) < 0 ||
		    length == 0 || length > page_size - at ||
		    length > (size_t)(end - next))
			return -1;
		if (page)
			memcpy(page + at, next, length);
		at += length;
		next += length;
	}
	return 0;
}

bool xbzrle_is_valid(size_t page_size, const uint8_t *delta, size_t size)
{
	return decode(NULL, page_size, delta, size) == 0;
}

int xbzrle_apply(uint8_t *page, size_t page_size, const uint8_t *delta,
		 size_t size)
{
	return decode(page, page_size, delta, size);
}
