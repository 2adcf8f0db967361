/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses the values of options. */
#ifndef TAKE_H
#define TAKE_H

#include "savetool.h"

/* Stores the value of an option.  word is NULL if the option takes none. */
typedef int (*option_take)(void *target, const char *word,
			   struct savetool_error *err);

/* A usage error about a word: "what: 'word'". */
int misfit(struct savetool_error *err, const char *what, const char *word);

/* The same for a word that is not known: "no what 'word'". */
int misfit_none(struct savetool_error *err, const char *what, const char *word);

int take_flag(void *target, const char *word, struct savetool_error *err);
/* A copy, which the caller frees.  The target must start as NULL. */
int take_text(void *target, const char *word, struct savetool_error *err);
/* struct take_words: one more at each use */
struct take_words {
	char **words; /* each a copy; ended by NULL */
	size_t count;
};
int take_word(void *target, const char *word, struct savetool_error *err);
void take_words_free(struct take_words *words);
/* int, from 0 */
int take_number(void *target, const char *word, struct savetool_error *err);
/* int, may be negative */
int take_signed(void *target, const char *word, struct savetool_error *err);
/* int, also below 0, but not 0: that is no level of any format */
int take_level(void *target, const char *word, struct savetool_error *err);
/* uint64_t bytes, with K, M, G, T or without; also hexadecimal */
int take_size(void *target, const char *word, struct savetool_error *err);
/* enum savetool_byte_order */
int take_byte_order(void *target, const char *word, struct savetool_error *err);
/* enum savetool_format */
int take_format(void *target, const char *word, struct savetool_error *err);
/* enum savetool_memory_format */
int take_memory_format(void *target, const char *word,
		       struct savetool_error *err);
/* struct take_words: one more "BLOCK@ADDRESS" */
int take_map(void *target, const char *word, struct savetool_error *err);
/* Of such a word: *end is where the block's name ends. */
int read_map(const char *word, size_t *end, uint64_t *address,
	     struct savetool_error *err);
/* bool: JSON, not text */
int take_output(void *target, const char *word, struct savetool_error *err);

/* An option that takes only these words. */
struct choice {
	option_take take;
	const char *what;         /* what each of them is */
	const char *const *words; /* ended by NULL */
	const char *list;         /* the same, for people */
};

/* NULL: it takes other words, too. */
const struct choice *choice_of(option_take take);

#endif
