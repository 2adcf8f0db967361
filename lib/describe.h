/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of an image: the memory behind a struct st_info. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "savetool.h"

struct domain_xml;
struct visitor;

struct description {
	struct st_info info;
	struct domain_xml *domain;
	struct st_block *blocks;
	struct st_device *devices;
	const char **capabilities;
	struct st_file *files;
	struct st_finding *findings;
	size_t string_count;
	char **strings; /* all text that info points to */
};

struct describe_options {
	bool scan;  /* read all pages, and count them */
	bool whole; /* walk a sequential stream as well, from end to end */
	struct visitor *companion; /* comes along on a walk; NULL: nobody */
};

/* As st_image_describe(), into image->description. */
int describe_image(struct st_image *image,
		   const struct describe_options *options,
		   const struct st_monitor *monitor, struct st_error *err);

/* NULL is fine. */
void description_free(struct description *description);

/* A copy of the text that lives as long as the description; NULL: no memory. */
const char *description_keep(struct description *description, const char *text);

/* Adds a finding; its message is formatted, and like its block kept. */
int description_find(struct description *description,
		     const struct st_finding *finding, struct st_error *err,
		     const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
