/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The known words that a misspelled one was most likely meant to be: of a
 * command, an option, or a value.
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* More words that are equally near suggest nothing. */
#define NEAREST_WORDS 2

struct nearest {
	const char *word; /* as it was given */
	const char *found[NEAREST_WORDS];
	size_t count; /* of words at this distance, found[] or not */
	unsigned distance;
};

/* The words stay the caller's. */
void nearest_begin(struct nearest *nearest, const char *word);
void nearest_try(struct nearest *nearest, const char *known);

/*
 * "did you mean 'inspect'?", "did you mean 'raw' or 'xz'?"; false, and "", if
 * nothing is near.  Before each word stands the prefix: "--" for an option.
 */
#define NEAREST_TEXT 128
bool nearest_text(const struct nearest *nearest, const char *prefix,
		  char text[NEAREST_TEXT]);

#endif
