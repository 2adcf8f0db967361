/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What 'savetool extract WHAT IMAGE DEST' can extract: one file for each. */
#ifndef EXTRACT_H
#define EXTRACT_H

#include "cli.h"
#include "progress.h"
#include "report.h"

/* All that the command line says. */
struct extract {
	struct cli *cli;
	const char *source, *destination;
	bool force;
	struct savetool_open_options open;
	struct progress progress;

	/* memory */
	enum savetool_memory_format memory_format; /* COUNT: not given */
	bool partial;
	int status; /* of a success */
	char *block;
	struct take_words maps; /* "BLOCK@ADDRESS" */
};

struct extractor {
	const char *what; /* the first operand */

	/*
	 * An option of its own that was given, without the dashes; NULL: none.
	 * With another WHAT, that is an error.  May be NULL: it has none.
	 */
	const char *(*own_option)(const struct extract *extract);

	/*
	 * What contradicts itself in its own options, before any file is
	 * opened; NULL: nothing does.  May be NULL.
	 */
	const char *(*problem)(const struct extract *extract);

	/*
	 * Extracts from an open image.  report is to be filled if it is not
	 * NULL.  -1: it has failed.
	 */
	int (*run)(struct extract *extract, struct savetool_image *image,
		   const struct savetool_monitor *monitor,
		   struct report *report, struct savetool_error *err);
};

extern const struct extractor extract_memory;
extern const struct extractor extract_devices;
extern const struct extractor extract_stream;
extern const struct extractor extract_xml;

#endif
