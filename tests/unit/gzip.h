/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of a wire, compressed in place. */
#ifndef UNIT_GZIP_H
#define UNIT_GZIP_H

#include "wire.h"

#include <zlib.h>

/* Replaces all bytes from start on by one gzip member. */
static inline void wire_gzip(struct wire *wire, size_t start)
{
	static uint8_t packed[sizeof(wire->bytes)];
	z_stream z = {
		.next_in = wire->bytes + start,
		.avail_in = wire->size - start,
		.next_out = packed,
		.avail_out = sizeof(packed),
	};

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	wire->size = start;
	wire_bytes(wire, packed, z.total_out);
	deflateEnd(&z);
}

#endif
