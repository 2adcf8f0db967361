/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decompression of gzip members in parts, by ISA-L. */
#include "config.h"

#include "codec/inflater.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

struct inflater {
	struct inflate_state isal;
};

bool inflater_begin(struct inflater **inflater)
{
	if (!*inflater)
		*inflater = malloc(sizeof(**inflater));
	if (!*inflater)
		return false;
	isal_inflate_init(&(*inflater)->isal);
	(*inflater)->isal.crc_flag = ISAL_GZIP;
	return true;
}

enum step inflater_step(struct inflater *inflater, struct span *span)
{
	struct inflate_state *isal = &inflater->isal;
	const size_t space = span->space < INT32_MAX ? span->space : INT32_MAX;
	const size_t left = span->left < INT32_MAX ? span->left : INT32_MAX;
	int result;

	isal->next_in = (uint8_t *)span->from;
	isal->avail_in = left;
	isal->next_out = span->to;
	isal->avail_out = space;
	result = isal_inflate(isal);
	/*
	 * ISA-L reads ahead.  If it fails, it may give more bytes back than it
	 * got this time, and then says nothing of where the damage is.
	 */
	if (isal->avail_in > left)
		return STEP_CORRUPT;
	span->from = isal->next_in;
	span->left -= left - isal->avail_in;
	span->to = isal->next_out;
	span->space -= space - isal->avail_out;
	if (result < ISAL_DECOMP_OK || result == ISAL_NEED_DICT)
		return STEP_CORRUPT;
	return isal->block_state == ISAL_BLOCK_FINISH ? STEP_END : STEP_MORE;
}

void inflater_free(struct inflater *inflater)
{
	free(inflater);
}
