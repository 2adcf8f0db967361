/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Distance of words: one letter wrong, missing, too many, or two swapped. */
#include "config.h"

#include "base/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* No known word is longer; a longer one that was given is near to none. */
#define LENGTH 32

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many mistakes lead from one to the other; case does not matter. */
static unsigned distance(const char *a, size_t a_length, const char *b,
			 size_t b_length)
{
	unsigned table[LENGTH + 1][LENGTH + 1];

	for (size_t i = 0; i <= a_length; i++) {
		for (size_t j = 0; j <= b_length; j++) {
			if (i == 0 || j == 0) {
				table[i][j] = (unsigned)(i + j);
				continue;
			}
			table[i][j] =
				table[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
			table[i][j] = least(
				table[i][j],
				least(table[i - 1][j], table[i][j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]))
				table[i][j] = least(table[i][j],
						    table[i - 2][j - 2] + 1);
		}
	}
	return table[a_length][b_length];
}

/*
 * How many mistakes are allowed: one in three letters, two in five, three in
 * eight.
 */
static unsigned limit(size_t a_length, size_t b_length)
{
	size_t longer = a_length > b_length ? a_length : b_length;

	return least((unsigned)(longer + 1) / 3, 3);
}

void nearest_begin(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){ .word = word };
}

void nearest_try(struct nearest *nearest, const char *known)
{
	size_t word_length = strlen(nearest->word);
	size_t known_length = strlen(known);
	unsigned here;

	if (word_length == 0 || word_length > LENGTH || known_length > LENGTH)
		return;
	here = distance(nearest->word, word_length, known, known_length);
	/* An abbreviation is one mistake, however much it leaves out. */
	if (here > 1 && strncasecmp(nearest->word, known, word_length) == 0)
		here = 1;
	else if (here > limit(word_length, known_length))
		return;
	for (size_t i = 0; i < nearest->count && i < NEAREST_WORDS; i++)
		if (strcmp(nearest->found[i], known) == 0)
			return;
	if (nearest->count == 0 || here < nearest->distance) {
		nearest->distance = here;
		nearest->count = 0;
	} else if (here > nearest->distance) {
		return;
	}
	if (nearest->count < NEAREST_WORDS)
		nearest->found[nearest->count] = known;
	nearest->count++;
}

bool nearest_text(const struct nearest *nearest, const char *prefix,
		  char text[NEAREST_TEXT])
{
	bool two = nearest->count == 2;

	*text = '\0';
	if (nearest->count == 0 || nearest->count > NEAREST_WORDS)
		return false;
	snprintf(text, NEAREST_TEXT, "did you mean '%s%s'%s%s%s%s?", prefix,
		 nearest->found[0], two ? " or '" : "", two ? prefix : "",
		 two ? nearest->found[1] : "", two ? "'" : "");
	return true;
}
