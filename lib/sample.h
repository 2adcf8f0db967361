/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sample of an image's records, spread over all of them, and how small a
 * codec makes it.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "codec/codec.h"

/* So many stretches of so many bytes of pages are taken at most. */
#define SAMPLE_STRETCHES 64
#define SAMPLE_STRETCH (UINT64_C(256) << 10)

struct sample;

int sample_new(struct sample **sample, uint64_t page_size,
	       struct st_error *err);
void sample_free(struct sample *sample); /* NULL is fine */

/*
 * Offers the next page, of how many nobody needs to know: some are kept.  The
 * same pages always give the same sample.
 */
void sample_page(struct sample *sample, uint64_t offset, const uint8_t *data);

/* How large data_bytes of page records, zero_bytes of others become. */
int sample_estimate(const struct sample *sample, const struct codec *codec,
		    uint64_t data_bytes, uint64_t zero_bytes, uint64_t *size,
		    struct st_error *err);

/* How large these bytes become. */
int sample_pack(const struct codec *codec, const void *data, size_t size,
		uint64_t *packed_size, struct st_error *err);

/* Which share of the pages that were kept are zero, and so were left out. */
double sample_zero_share(const struct sample *sample);

#endif
