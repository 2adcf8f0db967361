/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of recipe lines: operands, options, numbers. */
#include "recipe.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void line_fail(const struct line *line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mkimage: %s:%u: ", line->file, line->number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int hex_digit(const struct line *line, char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = strchr(digits, tolower((unsigned char)digit));

	if (digit == '\0' || !found)
		line_fail(line, "not a hexadecimal digit '%c'", digit);
	return (int)(found - digits);
}

/* What stands after a backslash; *from is moved past it. */
static char unescape(const struct line *line, const char **from)
{
	char c = *(*from)++;

	if (c == 'n')
		return '\n';
	if (c == 't')
		return '\t';
	if (c == 'x') {
		int high = hex_digit(line, *(*from)++);

		return (char)(high << 4 | hex_digit(line, *(*from)++));
	}
	if (c == '\0')
		line_fail(line, "backslash at the end of the line");
	return c;
}

/* Copies one word; quotes may open and close anywhere in it. */
static char *cut_word(const struct line *line, const char **from)
{
	char *word = calloc(1, strlen(*from) + 1);
	bool quoted = false;
	size_t size = 0;

	if (!word)
		line_fail(line, "out of memory");
	while (**from && (quoted || !isspace((unsigned char)**from))) {
		char c = *(*from)++;

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		word[size++] = c == '\\' ? unescape(line, from) : c;
	}
	if (quoted)
		line_fail(line, "quote without an end");
	return word;
}

static void split(struct line *line, const char *text)
{
	line->count = 0;
	for (;;) {
		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0' || *text == '#')
			return;
		if (line->count == LINE_WORDS)
			line_fail(line, "too many words");
		line->used[line->count] = false;
		line->word[line->count++] = cut_word(line, &text);
	}
}

bool line_read(struct line *line, FILE *recipe)
{
	char *text = NULL;
	size_t room = 0;

	line_free(line);
	while (line->count == 0 && getline(&text, &room, recipe) >= 0) {
		line->number++;
		split(line, text);
	}
	free(text);
	return line->count > 0;
}

void line_free(struct line *line)
{
	while (line->count > 0)
		free(line->word[--line->count]);
}

const char *line_rest(struct line *line)
{
	for (unsigned i = 0; i < line->count; i++) {
		if (line->used[i])
			continue;
		line->used[i] = true;
		return line->word[i];
	}
	return NULL;
}

const char *line_operand(struct line *line)
{
	const char *word = line_rest(line);

	if (!word)
		line_fail(line, "a word is missing");
	return word;
}

bool line_says(const struct line *line, const char *key)
{
	size_t size = strlen(key);

	for (unsigned i = 0; i < line->count; i++)
		if (strncmp(line->word[i], key, size) == 0 &&
		    line->word[i][size] == '=')
			return true;
	return false;
}

const char *line_option(struct line *line, const char *key)
{
	size_t size = strlen(key);

	for (unsigned i = 0; i < line->count; i++) {
		const char *word = line->word[i];

		if (line->used[i] || strncmp(word, key, size) != 0 ||
		    word[size] != '=')
			continue;
		line->used[i] = true;
		return word + size + 1;
	}
	return NULL;
}

uint64_t line_parse(const struct line *line, const char *text)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || errno != 0)
		line_fail(line, "not a number '%s'", text);
	if (*end == '\0')
		return value;
	suffix = strchr(suffixes, *end);
	if (!suffix || end[1] != '\0')
		line_fail(line, "not a size '%s'", text);
	return value << (10 * (suffix - suffixes + 1));
}

uint64_t line_number(struct line *line, const char *key, uint64_t otherwise)
{
	const char *value = line_option(line, key);

	return value ? line_parse(line, value) : otherwise;
}

bool line_flag(struct line *line, const char *key, bool otherwise)
{
	const char *value = line_option(line, key);

	if (!value)
		return otherwise;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		line_fail(line, "%s is yes or no, not '%s'", key, value);
	return strcmp(value, "yes") == 0;
}

void line_done(const struct line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		if (!line->used[i])
			line_fail(line, "not understood '%s'", line->word[i]);
}
