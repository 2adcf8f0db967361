/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sample of an image's records, spread over all of them, and how small a
 * codec makes it.
 */
#ifndef SIZE_SAMPLE_H
#define SIZE_SAMPLE_H

#include "image/image.h"

struct sample;

int sample_new(struct sample **sample, uint64_t page_size,
	       struct savetool_error *err);
void sample_free(struct sample *sample); /* NULL is fine */

/*
 * Offers the next pages, of how many nobody needs to know: some are kept.  The
 * same pages always give the same sample.
 */
void sample_run(struct sample *sample, const struct page_run *run);

/*
 * Reads some of the present pages of a mapped-ram image whose bitmaps have
 * been read; pages is how many there are.
 */
int sample_image(struct sample *sample, const struct savetool_image *image,
		 uint64_t pages, struct savetool_error *err);

/* How large data_bytes of page records, zero_bytes of others become. */
int sample_estimate(const struct sample *sample, const struct codec *codec,
		    uint64_t data_bytes, uint64_t zero_bytes, uint64_t *size,
		    struct savetool_error *err);

/* How large a tail becomes; of a long one, by a sample. */
int sample_tail(const struct codec *codec, const struct tail *tail,
		uint64_t *size, struct savetool_error *err);

/* Which share of the pages that were kept are zero, and so were left out. */
double sample_zero_share(const struct sample *sample);

#endif
