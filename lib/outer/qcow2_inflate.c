/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU: block/qcow2-threads.c: raw deflate without a header, or zstd. */
#include "config.h"

#include "outer/qcow2_inflate.h"

#include "base/error.h"

#include <zlib.h>
#include <zstd.h>

/* QEMU writes them at the default level; this is four times what that takes. */
#define WINDOW_LOG_MOST 23

#define WINDOW_BITS (-12) /* negative: no header, no checksum */

static bool inflate_zlib(void *data, size_t size, const void *packed,
			 size_t packed_size)
{
	z_stream stream = {
		.next_in = (Bytef *)packed,
		.avail_in = (uInt)packed_size,
		.next_out = data,
		.avail_out = (uInt)size,
	};
	int result;

	if (inflateInit2(&stream, WINDOW_BITS) != Z_OK)
		return false;
	result = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	/* A stream that would go on has no space for more. */
	return stream.avail_out == 0 &&
	       (result == Z_STREAM_END || result == Z_BUF_ERROR);
}

static bool inflate_zstd(void *data, size_t size, const void *packed,
			 size_t packed_size)
{
	ZSTD_inBuffer in = { packed, packed_size, 0 };
	ZSTD_outBuffer out = { data, size, 0 };
	ZSTD_DCtx *context = ZSTD_createDCtx();
	size_t result = 0;

	if (!context)
		return false;
	ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
	while (out.pos < size && !ZSTD_isError(result)) {
		size_t in_before = in.pos, out_before = out.pos;

		result = ZSTD_decompressStream(context, &out, &in);
		if (in.pos == in_before && out.pos == out_before)
			break;
	}
	ZSTD_freeDCtx(context);
	return out.pos == size && !ZSTD_isError(result);
}

int qcow2_inflate(void *data, size_t size, const void *packed,
		  size_t packed_size, bool zstd, struct savetool_error *err)
{
	if (zstd ? inflate_zstd(data, size, packed, packed_size) :
		   inflate_zlib(data, size, packed, packed_size))
		return 0;
	return fail(err, SAVETOOL_CORRUPT,
		    "compressed cluster of the qcow2 file is damaged");
}
