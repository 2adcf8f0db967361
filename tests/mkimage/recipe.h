/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of recipe lines: operands, options, numbers. */
#ifndef MKIMAGE_RECIPE_H
#define MKIMAGE_RECIPE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LINE_WORDS 64

/* One statement.  A word is used once; words left over are an error. */
struct line {
	const char *file;
	unsigned number;
	unsigned count;
	char *word[LINE_WORDS];
	bool used[LINE_WORDS];
};

/* Reads the next line that is not empty; false at the end. */
bool line_read(struct line *line, FILE *recipe);
void line_free(struct line *line);

/* The next unused word; it must exist. */
const char *line_operand(struct line *line);

/* The same, or NULL if there is none. */
const char *line_rest(struct line *line);

/* Is there a word key=value, used or not? */
bool line_says(const struct line *line, const char *key);

/* The value of key=value, or NULL.  A second call returns the next one. */
const char *line_option(struct line *line, const char *key);
uint64_t line_number(struct line *line, const char *key, uint64_t otherwise);
bool line_flag(struct line *line, const char *key, bool otherwise);

/* Decimal or 0x, with K, M, G, T; a minus sign wraps around. */
uint64_t line_parse(const struct line *line, const char *text);

/* Fails if a word was not used. */
void line_done(const struct line *line);

_Noreturn void line_fail(const struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
