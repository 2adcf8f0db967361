/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor for a task of several phases, each of which reports its progress
 * from nothing to all.  The caller's monitor sees a single task whose progress
 * never goes back.
 */
#ifndef BASE_PHASES_H
#define BASE_PHASES_H

#include "savetool.h"

struct phases {
	struct savetool_monitor
		monitor; /* pass this one on; the struct must not move */
	const struct savetool_monitor *caller;
	uint64_t from, to; /* the phase's share of the whole */
	uint64_t reported;
};

/* caller may be NULL.  At first the phase is the whole task. */
void phases_begin(struct phases *phases, const struct savetool_monitor *caller);

/*
 * Begins a phase that is so many percent of what has not been reported yet.  A
 * phase that reported nothing has used up nothing.
 */
void phases_next(struct phases *phases, unsigned percent);

#endif
