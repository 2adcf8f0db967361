/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of formats. */
#include "config.h"

#include "savetool.h"

#include "base/error.h"

#include <string.h>

static const char *const names[SAVETOOL_FORMAT_COUNT] = {
	[SAVETOOL_FORMAT_RAW] = "raw",       [SAVETOOL_FORMAT_GZIP] = "gzip",
	[SAVETOOL_FORMAT_BZIP2] = "bzip2",   [SAVETOOL_FORMAT_XZ] = "xz",
	[SAVETOOL_FORMAT_LZOP] = "lzop",     [SAVETOOL_FORMAT_ZSTD] = "zstd",
	[SAVETOOL_FORMAT_SPARSE] = "sparse",
};

static const struct {
	const char *word;
	enum savetool_format format;
} synonyms[] = {
	{ "v2", SAVETOOL_FORMAT_RAW },
	{ "v3", SAVETOOL_FORMAT_SPARSE },
	{ "mapped-ram", SAVETOOL_FORMAT_SPARSE },
};

const char *savetool_format_name(enum savetool_format format)
{
	if ((unsigned)format >= SAVETOOL_FORMAT_COUNT)
		return NULL;
	return names[format];
}

static int unknown(const char *word, struct savetool_error *err)
{
	char known[80] = "";

	for (size_t i = 0; i < SAVETOOL_FORMAT_COUNT; i++) {
		strcat(known, i ? ", " : "");
		strcat(known, names[i]);
	}
	return fail(err, SAVETOOL_USAGE, "unknown format '%s', not one of %s",
		    word, known);
}

int savetool_format_parse(const char *word, enum savetool_format *format,
			  struct savetool_error *err)
{
	for (size_t i = 0; i < SAVETOOL_FORMAT_COUNT; i++) {
		if (strcmp(word, names[i]) == 0) {
			*format = i;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (strcmp(word, synonyms[i].word) == 0) {
			*format = synonyms[i].format;
			return 0;
		}
	}
	return unknown(word, err);
}
