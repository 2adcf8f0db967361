/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans for zero bytes; every page goes through here. */
#include "config.h"

#include "base/zero.h"

#include <stdint.h>
#include <string.h>

/*
 * Nearly every page of data has a nonzero byte among its first, so those are
 * checked separately.  The rest is compared with itself, shifted, by memcmp(),
 * which is as wide as the C library can make it.
 */
bool is_zero(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint64_t head[2];

	if (size < sizeof(head)) {
		for (size_t i = 0; i < size; i++)
			if (byte[i])
				return false;
		return true;
	}
	memcpy(head, data, sizeof(head));
	if (head[0] | head[1])
		return false;
	return memcmp(byte, byte + sizeof(head), size - sizeof(head)) == 0;
}
