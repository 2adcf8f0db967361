/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a task reports to its caller's monitor, which may be NULL, and learns
 * that it is to stop.
 */
#ifndef BASE_MONITOR_H
#define BASE_MONITOR_H

#include "savetool.h"

/* Reports progress.  Anything but 0: the task is to stop. */
int monitor_progress(const struct savetool_monitor *monitor, uint64_t done,
		     uint64_t total);

/* Asks only.  Anything but 0: the task is to stop. */
int monitor_stopped(const struct savetool_monitor *monitor);

/* Always -1 and SAVETOOL_CANCELLED. */
int fail_stopped(struct savetool_error *err);

/* Reports progress; fail_stopped() if the task is to stop. */
int monitor_report(const struct savetool_monitor *monitor, uint64_t done,
		   uint64_t total, struct savetool_error *err);

#endif
