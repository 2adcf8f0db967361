/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scan for zero bytes, on the way of every page. */
#include "config.h"

#include "base/zero.h"

#include <stdint.h>
#include <string.h>

/*
 * A page of data betrays itself in its first bytes nearly always, so they
 * are looked at alone.  Beyond them, memcmp() of the bytes with themselves,
 * shifted, runs as wide as the C library knows to make it.
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
