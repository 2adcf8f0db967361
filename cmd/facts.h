/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything known about an image, as facts of a report. */
#ifndef FACTS_H
#define FACTS_H

#include "report.h"
#include "savetool.h"

/* Whether the result was read back, and if so, its digest. */
void facts_verified(struct report *report, bool verified,
		    const struct savetool_digest *digest);

struct facts_options {
	bool headline; /* text: only the first line */
	bool verbose;
	bool xml;
};

void facts_show(struct report *report, const char *path,
		const struct savetool_info *info,
		const struct facts_options *options);

#endif
