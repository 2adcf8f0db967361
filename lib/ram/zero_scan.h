/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks for zeros in stretches of a file.  Several threads read ahead; what
 * they find is told in the order in which the stretches were added, by the
 * thread that adds them.
 */
#ifndef RAM_ZERO_SCAN_H
#define RAM_ZERO_SCAN_H

#include "io/input.h"

/* Holds any page. */
#define SCAN_UNIT_MOST 65536

struct scan_range {
	uint64_t start, end;

	/*
	 * Zeros are looked for in whole units, at multiples of this; with 0,
	 * in none.
	 */
	uint64_t unit;
	bool unread; /* nobody wants to know what its bytes are */
	int kind;    /* the owner's, as the next one */
	unsigned block;
};

/*
 * A part of a stretch that was added; it is all zeros, or has none (in whole
 * units).  data is NULL if it was not kept.
 */
typedef int scan_found(void *owner, const struct scan_range *part, bool zero,
		       const uint8_t *data, struct savetool_error *err);

struct scan;

/* keep: what is found is wanted with its bytes. */
int scan_new(struct scan **scan, struct input *in, bool keep, scan_found *found,
	     void *owner, struct savetool_error *err);

/* In the meantime, others that were added before may be told. */
int scan_add(struct scan *scan, const struct scan_range *range,
	     struct savetool_error *err);

/* All that were added are told now. */
int scan_finish(struct scan *scan, struct savetool_error *err);

/* NULL is fine. */
void scan_free(struct scan *scan);

static inline void cleanup_scan_(struct scan **scan)
{
	scan_free(*scan);
}
#define cleanup_scan __attribute__((cleanup(cleanup_scan_)))

#endif
