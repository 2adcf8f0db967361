/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sample of an image's records, spread over all of them, and how small a
 * codec makes it.
 */
#ifndef SIZE_SAMPLE_H
#define SIZE_SAMPLE_H

#include "image/pass.h"

struct sample;

int sample_new(struct sample **sample, uint64_t page_size,
	       struct savetool_error *err);
void sample_free(struct sample *sample); /* NULL is fine */

/*
 * Offers the next pages, some of which are kept.  Their total number need not
 * be known in advance.  The same pages always give the same sample.
 */
void sample_run(struct sample *sample, const struct page_run *run);

/*
 * Samples the present pages of a mapped-ram image whose bitmaps have been read;
 * pages is how many are present.
 */
int sample_image(struct sample *sample, const struct pass *pass, uint64_t pages,
		 struct savetool_error *err);

/*
 * Estimates the compressed size of data_bytes of page records and zero_bytes of
 * records of zeros.
 */
int sample_estimate(const struct sample *sample, const struct codec *codec,
		    uint64_t data_bytes, uint64_t zero_bytes, uint64_t *size,
		    struct savetool_error *err);

/* Estimates the compressed size of a tail; of a long one, by a sample. */
int sample_tail(const struct codec *codec, const struct tail *tail,
		uint64_t *size, struct savetool_error *err);

/* The share of sampled pages that are zero, and so were left out. */
double sample_zero_share(const struct sample *sample);

#endif
