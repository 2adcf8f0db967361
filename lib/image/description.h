/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of an image: the memory behind a struct savetool_info. */
#ifndef IMAGE_DESCRIPTION_H
#define IMAGE_DESCRIPTION_H

#include "image/doubt.h"
#include "savetool.h"

struct domain_xml;

struct description {
	struct savetool_info info;
	struct domain_xml *domain;
	bool whole;       /* nothing is wrong with what was described */
	enum doubt doubt; /* of a mapped-ram image's bitmaps */
	uint64_t lost;    /* bytes of memory in holes that may be gone */
	struct savetool_block *blocks;
	struct savetool_device *devices;
	const char **capabilities;
	struct savetool_file *files;
	struct savetool_finding *findings;
	size_t string_count;
	char **strings; /* all text that info points to */
};

/* NULL is fine. */
void description_free(struct description *description);

/* A copy of the text that lives as long as the description; NULL: no memory. */
const char *description_keep(struct description *description, const char *text);

/* Adds a finding; its message is formatted, and like its names kept. */
int description_report(struct description *description,
		       const struct savetool_finding *finding,
		       struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
