/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of an image, as facts of a report. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "report.h"
#include "savetool.h"

struct describe_options {
	bool headline; /* of the text, only the first line */
	bool verbose;
	bool xml;
};

void describe_image(struct report *report, const char *path,
		    const struct st_info *info,
		    const struct describe_options *options);

#endif
