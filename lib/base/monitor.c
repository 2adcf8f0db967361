/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls a monitor, if there is one. */
#include "config.h"

#include "base/monitor.h"

#include "base/error.h"

int monitor_progress(const struct savetool_monitor *monitor, uint64_t done,
		     uint64_t total)
{
	return monitor ? monitor->progress(monitor->data, done, total) : 0;
}

int monitor_stopped(const struct savetool_monitor *monitor)
{
	return monitor && monitor->stopped ? monitor->stopped(monitor->data) :
					     0;
}

int fail_stopped(struct savetool_error *err)
{
	return fail(err, SAVETOOL_CANCELLED, "interrupted");
}

int monitor_report(const struct savetool_monitor *monitor, uint64_t done,
		   uint64_t total, struct savetool_error *err)
{
	if (monitor_progress(monitor, done, total) != 0)
		return fail_stopped(err);
	return 0;
}
