/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How failures travel: a code and a sentence in a struct st_error that the
 * outermost caller owns.  Everything here returns -1, so that a failing line
 * reads "return fail(...)".
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "savetool.h"

int fail(struct st_error *err, enum st_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * ST_SYSTEM, with errno and its text behind the sentence.  A full disk, or
 * quota, is ST_REFUSED: nothing is wrong but that there is no room.
 */
int fail_errno(struct st_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int fail_memory(struct st_error *err);

/* Puts context in front of the sentence: "block 'pc.ram': …". */
int fail_while(struct st_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Is it a disk or a quota that was full? */
bool error_is_full(const struct st_error *err);

/*
 * If so, puts in front how far the writer came, and what it lacks at most;
 * expected is ST_UNKNOWN where nobody can tell.
 */
int fail_full(struct st_error *err, uint64_t written, uint64_t expected);

/*
 * Sentences about a file name a place in it as "byte N", and their block in
 * front, as "block 'pc.ram': ".  The first such place, or ST_UNKNOWN; and
 * false where no block is named.
 */
#define ERROR_BLOCK_SIZE 257
uint64_t error_offset(const struct st_error *err);
bool error_block(const struct st_error *err, char block[ERROR_BLOCK_SIZE]);

#endif
