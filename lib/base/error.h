/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How failures travel: a code, a sentence, a place and a hint in a struct
 * savetool_error that the outermost caller owns.  Everything here returns -1,
 * so that a failing line reads "return fail(...)".
 *
 * The place has its own fields and is never in the sentence; it is added when
 * the sentence is printed.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "savetool.h"

/* For failures that are not about one byte. */
int fail(struct savetool_error *err, enum savetool_code code,
	 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* About the byte at offset. */
int fail_at(struct savetool_error *err, enum savetool_code code,
	    uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * SAVETOOL_SYSTEM, with errno stored and its text appended.  A full disk or an
 * exceeded quota is SAVETOOL_REFUSED instead: all that is missing is space.
 */
int fail_errno(struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int fail_errno_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int fail_memory(struct savetool_error *err);

/*
 * Puts context before the sentence: "domain XML: …".  An offset that is
 * already set is the more precise one, and stays.
 */
int fail_while(struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_while_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Note the block that the failure is about, or a page of it.  What is already
 * set stays.
 */
int fail_in_block(struct savetool_error *err, const char *block);
int fail_about_page(struct savetool_error *err, const char *block,
		    uint64_t page);

/* Notes what helps; what is already known stays. */
int fail_hint(struct savetool_error *err, enum savetool_hint hint);

/*
 * Changes the code and appends to the sentence, which is shortened if the rest
 * would not fit.  The place stays.
 */
int fail_as(struct savetool_error *err, enum savetool_code code,
	    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Was the failure a full disk or an exceeded quota? */
bool error_is_full(const struct savetool_error *err);

/*
 * If so, says first how many bytes were written and how many are missing at
 * most.  expected is SAVETOOL_UNKNOWN if it cannot be known.
 */
int fail_full(struct savetool_error *err, uint64_t written, uint64_t expected);

#endif
