/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How failures travel: a code, a sentence, a place and a hint in a struct
 * savetool_error that the outermost caller owns.  Everything here returns -1,
 * so that a failing line reads "return fail(...)".
 *
 * The sentence never holds the place: it has fields of its own, and whoever
 * prints the sentence adds them.
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
 * SAVETOOL_SYSTEM, with the text of errno after the sentence.  A full disk or
 * quota is SAVETOOL_REFUSED: nothing is wrong except that space is lacking.
 */
int fail_errno(struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int fail_errno_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int fail_memory(struct savetool_error *err);

/*
 * Puts context in front of the sentence: "domain XML: …".  An offset that is
 * already known is closer to what is wrong, and stays.
 */
int fail_while(struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_while_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Notes the block that it is about, or a page of it; what is already known
 * stays.
 */
int fail_in_block(struct savetool_error *err, const char *block);
int fail_about_page(struct savetool_error *err, const char *block,
		    uint64_t page);

/* Notes what helps; what is already known stays. */
int fail_hint(struct savetool_error *err, enum savetool_hint hint);

/*
 * Appends to the sentence, which is cut if there is not enough space, and
 * makes it a failure of another kind at the same place.
 */
int fail_as(struct savetool_error *err, enum savetool_code code,
	    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Was the failure a full disk or an exceeded quota? */
bool error_is_full(const struct savetool_error *err);

/*
 * If so, puts in front how far the writer came, and what it lacks at most;
 * expected is SAVETOOL_UNKNOWN if that is not known.
 */
int fail_full(struct savetool_error *err, uint64_t written, uint64_t expected);

#endif
