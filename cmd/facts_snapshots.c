/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The snapshots of the qcow2 file that an image is in. */
#include "config.h"

#include "facts_internal.h"

#include <stdio.h>
#include <time.h>

#define DATE_SIZE 32
#define BILLION 1000000000

const char *facts_snapshot_name(const struct savetool_snapshot *snapshot)
{
	return *snapshot->name ? snapshot->name : snapshot->id;
}

static void date_text(char date[DATE_SIZE], uint64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) ||
	    strftime(date, DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		*date = '\0';
}

static void show_snapshot(struct report *report,
			  const struct savetool_snapshot *snapshot,
			  bool verbose)
{
	char date[DATE_SIZE];

	date_text(date, snapshot->seconds);
	report_row(report);
	report_text(report, "name", "snapshot", snapshot->name);
	report_text(report, "id", "id", snapshot->id);
	report_text(report, "date", "date", date);
	report_bytes(report, "vm-state-size", "VM state",
		     snapshot->vm_state_size);
	report_bytes(report, "disk-size", label_if(verbose, "disk"),
		     snapshot->disk_size);
	report_number(report, "guest-seconds", label_if(verbose, "ran for (s)"),
		      snapshot->guest_time / BILLION);
}

void facts_snapshots(struct report *report, const struct savetool_info *info,
		     bool verbose)
{
	if (info->snapshot_count == 0)
		return;
	if (info->snapshot)
		report_text(report, "snapshot", NULL,
			    facts_snapshot_name(info->snapshot));
	report_table(report, "snapshots", "snapshots", "lrrrrr");
	for (size_t i = 0; i < info->snapshot_count; i++)
		show_snapshot(report, &info->snapshots[i], verbose);
	report_close(report);
}
