/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor for a task of several phases, each of which tells how far it is
 * from none to all: the caller hears of one task, and it never goes back.
 */
#ifndef BASE_PHASES_H
#define BASE_PHASES_H

#include "savetool.h"

struct phases {
	struct savetool_monitor
		monitor; /* the one to hand on; this is not moved */
	const struct savetool_monitor *caller;
	uint64_t from, to; /* of the whole: this phase */
	uint64_t reported;
};

/* The caller's monitor may be NULL.  The first phase is all of it. */
void phases_begin(struct phases *phases, const struct savetool_monitor *caller);

/*
 * From now on what is told is so many hundredths of what was not told yet; a
 * phase that told nothing has taken nothing.
 */
void phases_next(struct phases *phases, unsigned percent);

#endif
