/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames of zstd that tell their size, as savetool writes them, are unpacked
 * side by side; any other by itself.
 */
#ifndef CODEC_ZSTD_FRAMES_H
#define CODEC_ZSTD_FRAMES_H

#include "codec/members.h"

/*
 * What savetool puts into a frame, and the most that is unpacked beside
 * others: large enough that packing loses little by starting anew (level 3
 * looks back 2 MiB), small enough that several fit into memory.
 */
#define ZSTD_FRAME (2 << 20)

int zstd_frames_unpack(const struct codec *codec, struct input **in,
		       struct input *packed, uint64_t offset,
		       struct savetool_error *err);

#endif
