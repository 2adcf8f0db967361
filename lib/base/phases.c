/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports several phases as one task. */
#include "config.h"

#include "base/phases.h"

#include "base/monitor.h"

#define WHOLE (UINT64_C(1) << 32)

static int phases_progress(void *data, uint64_t done, uint64_t total)
{
	struct phases *phases = data;
	double share = total ? (double)done / (double)total : 0;
	uint64_t at;

	if (share > 1)
		share = 1;
	at = phases->from +
	     (uint64_t)(share * (double)(phases->to - phases->from));
	if (at > phases->reported)
		phases->reported = at;
	return monitor_progress(phases->caller, phases->reported, WHOLE);
}

static int phases_stopped(void *data)
{
	const struct phases *phases = data;

	return monitor_stopped(phases->caller);
}

void phases_begin(struct phases *phases, const struct savetool_monitor *caller)
{
	*phases = (struct phases){
		.monitor = {
			.progress = phases_progress,
			.data = phases,
			.stopped = phases_stopped,
		},
		.caller = caller,
		.to = WHOLE,
	};
}

void phases_next(struct phases *phases, unsigned percent)
{
	phases->from = phases->reported;
	phases->to =
		phases->reported + (WHOLE - phases->reported) / 100 * percent;
	if (percent == 100)
		phases->to = WHOLE;
}
