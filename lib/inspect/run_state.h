/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guest was doing when it was saved, as QEMU's section says. */
#ifndef INSPECT_RUN_STATE_H
#define INSPECT_RUN_STATE_H

#include "format/tail.h"

#define RUN_STATE_SECTION "globalstate"
#define RUN_STATE_SUSPENDED "suspended"

/* QEMU has this many bytes for the name of a state. */
#define RUN_STATE_SIZE 32

/*
 * QEMU's name of the state, such as "paused"; "" if there is no such section or
 * it holds something else.  A guest that slept is suspended, even if it was
 * paused after that.
 */
int run_state_read(char state[RUN_STATE_SIZE], const struct tail *tail,
		   struct savetool_error *err);

#endif
