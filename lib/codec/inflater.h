/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decompression of gzip members that come in parts: by ISA-L, which takes half
 * the time, or by zlib where there is no ISA-L.  Both check the CRC and the
 * length of each member.
 */
#ifndef CODEC_INFLATER_H
#define CODEC_INFLATER_H

#include "codec/members.h"

struct inflater;

/* Begins a member; *inflater is NULL at first.  false: out of memory. */
bool inflater_begin(struct inflater **inflater);
enum step inflater_step(struct inflater *inflater, struct span *span);

/* NULL is fine. */
void inflater_free(struct inflater *inflater);

#endif
