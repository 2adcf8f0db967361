/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A visitor that finds out how large an image would be in another format:
 * exactly what the writer would write without pages, plus the pages, which are
 * counted.
 */
#ifndef SIZE_ESTIMATE_H
#define SIZE_ESTIMATE_H

#include "walk/walk.h"

struct estimator;

/*
 * scan: reads all pages; otherwise a mapped-ram image's bitmaps are counted.
 * sample: keeps some pages, to compress them.
 */
int estimator_new(struct estimator **estimator, struct pass *pass, bool scan,
		  bool sample, struct savetool_error *err);
void estimator_free(struct estimator *estimator);

/* The estimator as a visitor for walk(). */
struct visitor *estimator_visitor(struct estimator *estimator);

/* After the walk: the fewest bytes for a sequential stream, uncompressed. */
uint64_t estimator_least(const struct estimator *estimator);

/* After a walk with sample: one estimate for each format. */
int estimator_result(const struct estimator *estimator,
		     struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT],
		     struct savetool_error *err);

#endif
