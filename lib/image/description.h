/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of an image: a struct savetool_info and all its memory. */
#ifndef IMAGE_DESCRIPTION_H
#define IMAGE_DESCRIPTION_H

#include "image/doubt.h"
#include "savetool.h"

struct domain_xml;

struct description {
	struct savetool_info info;
	struct domain_xml *domain;
	bool whole;         /* nothing is wrong with what was described */
	enum doubt doubt;   /* about a mapped-ram image's bitmaps */
	bool has_page_bits; /* in the stream's configuration */
	uint64_t lost;      /* bytes of memory in holes that may be gone */
	struct savetool_block *blocks;
	struct savetool_device *devices;
	const char **capabilities;
	const char **sections;
	size_t section_count;
	struct savetool_file *files;
	struct savetool_finding *findings;
	size_t string_count;
	char **strings; /* all strings that info points to */
};

/* NULL is fine. */
void description_free(struct description *description);

/* Copies text for the lifetime of the description; NULL: out of memory. */
const char *description_keep(struct description *description, const char *text);

/* Adds a finding with a formatted message; it and the names are copied. */
int description_report(struct description *description,
		       const struct savetool_finding *finding,
		       struct savetool_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
