/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zstd frames with a known size, such as savetool writes, are decompressed in
 * parallel; any other frame by itself.
 */
#ifndef CODEC_ZSTD_FRAMES_H
#define CODEC_ZSTD_FRAMES_H

#include "codec/members.h"

/*
 * What savetool puts into a frame, and the most that is decompressed in
 * parallel.  It is large enough that starting anew costs little compression
 * (level 3 looks back 2 MiB), and small enough that several fit into memory.
 */
#define ZSTD_FRAME (2 << 20)

int zstd_frames_unpack(const struct codec *codec, struct input **in,
		       struct input *packed, uint64_t offset,
		       struct savetool_error *err);

#endif
