/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses the values of options. */
#include "config.h"

#include "take.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int misfit(struct savetool_error *err, const char *what, const char *word)
{
	*err = (struct savetool_error){ .code = SAVETOOL_USAGE,
					.offset = SAVETOOL_UNKNOWN,
					.page = SAVETOOL_UNKNOWN };
	snprintf(err->text, sizeof(err->text), "%s: '%s'", what, word);
	return -1;
}

int misfit_none(struct savetool_error *err, const char *what, const char *word)
{
	misfit(err, what, word);
	snprintf(err->text, sizeof(err->text), "no %s '%s'", what, word);
	return -1;
}

int take_flag(void *target, const char *word, struct savetool_error *err)
{
	(void)word;
	(void)err;
	*(bool *)target = true;
	return 0;
}

int take_text(void *target, const char *word, struct savetool_error *err)
{
	char **text = target;
	char *copy = strdup(word);

	if (!copy) {
		misfit(err, "cannot allocate memory for", word);
		err->code = SAVETOOL_SYSTEM;
		err->sys_errno = ENOMEM;
		return -1;
	}
	free(*text);
	*text = copy;
	return 0;
}

int take_word(void *target, const char *word, struct savetool_error *err)
{
	struct take_words *words = target;
	char **longer =
		reallocarray(words->words, words->count + 2, sizeof(*longer));

	if (longer) {
		words->words = longer;
		longer[words->count] = longer[words->count + 1] = NULL;
		if (take_text(&longer[words->count], word, err) < 0)
			return -1;
		words->count++;
		return 0;
	}
	misfit(err, "cannot allocate memory for", word);
	err->code = SAVETOOL_SYSTEM;
	err->sys_errno = ENOMEM;
	return -1;
}

void take_words_free(struct take_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->words[i]);
	free(words->words);
	*words = (struct take_words){ .words = NULL };
}

/* Digits without a sign; *end points past them. */
static bool read_digits(const char *word, uint64_t *number, char **end)
{
	int base = word[0] == '0' && (word[1] | 32) == 'x' ? 16 : 10;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	*number = strtoull(word, end, base);
	return errno == 0;
}

int take_number(void *target, const char *word, struct savetool_error *err)
{
	uint64_t number;
	char *end;

	if (!read_digits(word, &number, &end) || *end || number > INT_MAX)
		return misfit(err, "not a number", word);
	*(int *)target = (int)number;
	return 0;
}

int take_signed(void *target, const char *word, struct savetool_error *err)
{
	bool negative = *word == '-';

	if (take_number(target, word + negative, err) < 0)
		return misfit(err, "not a number", word);
	if (negative)
		*(int *)target = -*(int *)target;
	return 0;
}

int take_level(void *target, const char *word, struct savetool_error *err)
{
	int level;

	if (take_signed(&level, word, err) < 0)
		return -1;
	if (level == 0)
		return misfit_none(err, "compression level", word);
	*(int *)target = level;
	return 0;
}

int take_size(void *target, const char *word, struct savetool_error *err)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t size;
	unsigned shift = 0;
	char *end;

	if (!read_digits(word, &size, &end))
		return misfit(err, "not a size", word);
	if (*end) {
		unit = strchr(units, *end >= 'a' ? *end - 32 : *end);
		if (!unit || end[1])
			return misfit(err, "not a size", word);
		shift = 10 * (unsigned)(unit - units + 1);
	}
	/* The last value is SAVETOOL_UNKNOWN. */
	if (size > (UINT64_MAX - 1) >> shift)
		return misfit(err, "size is too large", word);
	*(uint64_t *)target = size << shift;
	return 0;
}

int take_byte_order(void *target, const char *word, struct savetool_error *err)
{
	enum savetool_byte_order *order = target;

	if (strcmp(word, "little") == 0)
		*order = SAVETOOL_BYTE_ORDER_LITTLE;
	else if (strcmp(word, "big") == 0)
		*order = SAVETOOL_BYTE_ORDER_BIG;
	else
		return misfit_none(err, "byte order", word);
	return 0;
}

int take_format(void *target, const char *word, struct savetool_error *err)
{
	return savetool_format_parse(word, target, err);
}

int take_memory_format(void *target, const char *word,
		       struct savetool_error *err)
{
	return savetool_memory_format_parse(word, target, err);
}

int read_map(const char *word, size_t *end, uint64_t *address,
	     struct savetool_error *err)
{
	/* A name may have one, too; an address does not. */
	const char *at = strrchr(word, '@');

	if (!at || at == word || take_size(address, at + 1, err) < 0)
		return misfit(err, "not a block and its address", word);
	*end = (size_t)(at - word);
	return 0;
}

int take_map(void *target, const char *word, struct savetool_error *err)
{
	uint64_t address;
	size_t end;

	if (read_map(word, &end, &address, err) < 0)
		return -1;
	return take_word(target, word, err);
}

/* qemu-img calls it human, not text. */
int take_output(void *target, const char *word, struct savetool_error *err)
{
	bool *json = target;

	*json = strcmp(word, "json") == 0;
	if (!*json && strcmp(word, "text") != 0 && strcmp(word, "human") != 0)
		return misfit_none(err, "form of output", word);
	return 0;
}

static const char *const byte_orders[] = { "little", "big", NULL };
static const char *const formats[] = { "raw",  "gzip",       "bzip2",  "xz",
				       "lzop", "zstd",       "sparse", "v2",
				       "v3",   "mapped-ram", NULL };
static const char *const memory_formats[] = { "raw", "elf", "lime", NULL };
static const char *const outputs[] = { "text", "json", "human", NULL };

static const struct choice choices[] = {
	{ take_byte_order, "byte order", byte_orders, "little or big" },
	{ take_format, "format", formats,
	  "raw, gzip, bzip2, xz, lzop, zstd or sparse" },
	{ take_memory_format, "memory format", memory_formats,
	  "raw, elf or lime" },
	{ take_output, "form of output", outputs, "text or json" },
};

const struct choice *choice_of(option_take take)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (choices[i].take == take)
			return &choices[i];
	return NULL;
}
