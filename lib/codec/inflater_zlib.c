/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decompression of gzip members in parts, by zlib. */
#include "config.h"

#include "codec/inflater.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* The largest window, with gzip's header instead of zlib's. */
#define GZIP_WINDOW (MAX_WBITS + 16)

struct inflater {
	z_stream zlib;
};

bool inflater_begin(struct inflater **inflater)
{
	if (*inflater)
		return inflateReset(&(*inflater)->zlib) == Z_OK;
	*inflater = calloc(1, sizeof(**inflater));
	if (!*inflater)
		return false;
	if (inflateInit2(&(*inflater)->zlib, GZIP_WINDOW) == Z_OK)
		return true;
	free(*inflater);
	*inflater = NULL;
	return false;
}

enum step inflater_step(struct inflater *inflater, struct span *span)
{
	z_stream *zlib = &inflater->zlib;
	const size_t space = span->space < INT_MAX ? span->space : INT_MAX;
	const size_t left = span->left < INT_MAX ? span->left : INT_MAX;
	int result;

	zlib->next_in = (Bytef *)span->from;
	zlib->avail_in = left;
	zlib->next_out = span->to;
	zlib->avail_out = space;
	result = inflate(zlib, Z_NO_FLUSH);
	span->from = zlib->next_in;
	span->left -= left - zlib->avail_in;
	span->to = zlib->next_out;
	span->space -= space - zlib->avail_out;
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR:
		return STEP_MORE;
	case Z_STREAM_END:
		return STEP_END;
	case Z_MEM_ERROR:
		return STEP_NO_MEMORY;
	default:
		return STEP_CORRUPT;
	}
}

void inflater_free(struct inflater *inflater)
{
	if (!inflater)
		return;
	inflateEnd(&inflater->zlib);
	free(inflater);
}
