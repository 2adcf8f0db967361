/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entries of the table.  Only codec.c and the unit tests of a codec name
 * them.
 */
#ifndef CODEC_CODECS_H
#define CODEC_CODECS_H

#include "codec/codec.h"

extern const struct codec codec_bzip2;
extern const struct codec codec_gzip;
extern const struct codec codec_lzop;
extern const struct codec codec_xz;
extern const struct codec codec_zstd;

#endif
