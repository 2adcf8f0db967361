/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words for formats. */
#include "config.h"

#include "savetool.h"

#include "base/error.h"

#include <string.h>

static const char *const names[ST_FORMAT_COUNT] = {
	[ST_FORMAT_RAW] = "raw",       [ST_FORMAT_GZIP] = "gzip",
	[ST_FORMAT_BZIP2] = "bzip2",   [ST_FORMAT_XZ] = "xz",
	[ST_FORMAT_LZOP] = "lzop",     [ST_FORMAT_ZSTD] = "zstd",
	[ST_FORMAT_SPARSE] = "sparse",
};

static const struct {
	const char *word;
	enum st_format format;
} synonyms[] = {
	{ "v2", ST_FORMAT_RAW },
	{ "v3", ST_FORMAT_SPARSE },
	{ "mapped-ram", ST_FORMAT_SPARSE },
};

const char *st_format_name(enum st_format format)
{
	if ((unsigned)format >= ST_FORMAT_COUNT)
		return NULL;
	return names[format];
}

static int unknown(const char *word, struct st_error *err)
{
	char known[80] = "";

	for (size_t i = 0; i < ST_FORMAT_COUNT; i++) {
		strcat(known, i ? ", " : "");
		strcat(known, names[i]);
	}
	return fail(err, ST_USAGE, "unknown format '%s'; known are %s", word,
		    known);
}

int st_format_parse(const char *word, enum st_format *format,
		    struct st_error *err)
{
	for (size_t i = 0; i < ST_FORMAT_COUNT; i++) {
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
