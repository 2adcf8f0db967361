/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks for zeros in ranges of a file.  Several threads read ahead.  What they
 * find is reported in the order in which the ranges were added, by the thread
 * that adds them.
 */
#ifndef RAM_ZERO_SCAN_H
#define RAM_ZERO_SCAN_H

#include "io/input.h"

/* Holds any page. */
#define SCAN_UNIT_MOST 65536

struct scan_range {
	uint64_t start, end;

	/*
	 * Zeros are looked for in whole units, at multiples of this many bytes;
	 * 0: not at all.
	 */
	uint64_t unit;
	bool unread; /* do not read the bytes */
	int kind;    /* for the owner's use, like the next one */
	unsigned block;
};

/*
 * Called for a part of a range that was added.  Each of its units is zero, or
 * none is.  data is NULL unless the scan keeps it.
 */
typedef int scan_found(void *owner, const struct scan_range *part, bool zero,
		       const uint8_t *data, struct savetool_error *err);

struct scan;

/* keep: found gets the bytes too. */
int scan_new(struct scan **scan, struct input *in, bool keep, scan_found *found,
	     void *owner, struct savetool_error *err);

/* May report parts of ranges that were added earlier. */
int scan_add(struct scan *scan, const struct scan_range *range,
	     struct savetool_error *err);

/* Reports all that is left. */
int scan_finish(struct scan *scan, struct savetool_error *err);

/* NULL is fine. */
void scan_free(struct scan *scan);

static inline void cleanup_scan_(struct scan **scan)
{
	scan_free(*scan);
}
#define cleanup_scan __attribute__((cleanup(cleanup_scan_)))

#endif
