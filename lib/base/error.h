/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How failures travel: a code, a sentence and a place in a struct
 * savetool_error that the outermost caller owns.  Everything here returns -1,
 * so that a failing line reads "return fail(...)".
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "savetool.h"

/* Not about one place. */
int fail(struct savetool_error *err, enum savetool_code code,
	 const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * About the byte at offset.  Where the format has its first '@', the sentence
 * has "byte N"; where it has none, " at byte N" is behind it.  So a place is
 * never said without being known, nor another one than is known.
 */
int fail_at(struct savetool_error *err, enum savetool_code code,
	    uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * SAVETOOL_SYSTEM, with errno and its text behind the sentence.  A full disk,
 * or quota, is SAVETOOL_REFUSED: nothing is wrong but that there is no room.
 */
int fail_errno(struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int fail_errno_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int fail_memory(struct savetool_error *err);

/*
 * Puts context in front of the sentence: "domain XML at byte 92: …".  A place
 * that is known already is nearer to what is wrong, and stays.
 */
int fail_while(struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_while_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with the block that it is about: "block 'pc.ram': …". */
int fail_in_block(struct savetool_error *err, const char *block);

/* Notes the page of a block that it is about, and leaves the sentence alone. */
int fail_about_page(struct savetool_error *err, const char *block,
		    uint64_t page);

/*
 * Puts more behind the sentence, which is cut as far as it takes, and makes it
 * a failure of another kind at the same place.
 */
int fail_as(struct savetool_error *err, enum savetool_code code,
	    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Is it a disk or a quota that was full? */
bool error_is_full(const struct savetool_error *err);

/*
 * If so, puts in front how far the writer came, and what it lacks at most;
 * expected is SAVETOOL_UNKNOWN where nobody can tell.
 */
int fail_full(struct savetool_error *err, uint64_t written, uint64_t expected);

#endif
