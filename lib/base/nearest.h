/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The known words that a misspelled one was most likely meant to be: a command,
 * an option, or a value.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* If more words are equally near, nothing is suggested. */
#define NEAREST_WORDS 2

struct nearest {
	const char *word; /* as it was given */
	const char *found[NEAREST_WORDS];
	size_t count; /* words at this distance, in found[] or not */
	unsigned distance;
};

/* The words stay the caller's; one that comes twice counts once. */
void nearest_begin(struct nearest *nearest, const char *word);
void nearest_try(struct nearest *nearest, const char *known);

/*
 * "did you mean 'inspect'?", "did you mean 'raw' or 'xz'?"; false, and "", if
 * nothing is near.  Each word is printed after the prefix: "--" for an option.
 */
#define NEAREST_TEXT 128
bool nearest_text(const struct nearest *nearest, const char *prefix,
		  char text[NEAREST_TEXT]);

#endif
