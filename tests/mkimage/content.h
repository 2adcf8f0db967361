/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages hold: bytes that a test can compute again. */
#ifndef MKIMAGE_CONTENT_H
#define MKIMAGE_CONTENT_H

#include "image.h"

/*
 * Pseudo-random bytes, the same on every machine.  They are the 64-bit words
 * of a xorshift generator (13 left, 7 right, 17 left), little endian, and its
 * state starts as seed * 0x9e3779b97f4a7c15 + offset + 1 (1 if that is 0).
 */
void content_random(uint8_t *data, size_t size, uint64_t seed, uint64_t offset);

/*
 * data=random (with seed=N), data=address (each 8 bytes hold their own
 * offset, little endian) or data=BYTE.
 */
void content_fill(const struct line *line, uint8_t *data, size_t size,
		  const char *kind, uint64_t seed, uint64_t offset);

/* poke=OFFSET:HEX[,OFFSET:HEX...] changes bytes within a page. */
void content_poke(const struct line *line, uint8_t *data, size_t size,
		  const char *changes);

/* Hexadecimal digits, spaces allowed between bytes; returns their number. */
size_t content_hex(const struct line *line, uint8_t *data, const char *text);

/* Deflate's stored blocks in a zlib wrapper; returns the size. */
size_t content_zlib(uint8_t *packed, const uint8_t *data, size_t size);
#define ZLIB_ROOM(size) ((size) + 5 * ((size) / 65535 + 1) + 6)

/*
 * The difference from old to new; 0 if there is none.  The worst case is every
 * other byte: a run of one unchanged and one changed byte takes 3.
 */
size_t content_xbzrle(uint8_t *packed, const uint8_t *old, const uint8_t *new,
		      size_t size);
#define XBZRLE_ROOM(size) (2 * (size) + 8)

#endif
