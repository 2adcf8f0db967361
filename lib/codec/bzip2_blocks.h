/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A member of bzip2 as a row of blocks, which do not depend on each other.  No
 * block says its length and none starts at a byte; but each starts with the
 * same 48 bits, and so does what follows the last one with others.  By chance
 * these bits may be inside of a block too: then that block fails, and only
 * decoding it tells where it ends.
 */
#ifndef CODEC_BZIP2_BLOCKS_H
#define CODEC_BZIP2_BLOCKS_H

#include "codec/members.h"

extern const struct blocks_ops bzip2_blocks;

#endif
