/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the facts share. */
#ifndef FACTS_INTERNAL_H
#define FACTS_INTERNAL_H

#include "facts.h"

/* A label for text that shows it only for a reason. */
static inline const char *label_if(bool reason, const char *label)
{
	return reason ? label : NULL;
}

/* The guest, by its domain XML. */
void facts_guest(struct report *report, const struct savetool_info *info,
		 bool verbose);

/* What it needs besides the image: a row for each, in JSON only. */
void facts_needed(struct report *report, const struct savetool_info *info);

/* All snapshots of its file, and which one is the image; nothing for others. */
void facts_snapshots(struct report *report, const struct savetool_info *info,
		     bool verbose);

/* What it is called: its name or, if it has none, its id. */
const char *facts_snapshot_name(const struct savetool_snapshot *snapshot);

/* The releases that can restore it. */
void facts_needs(struct report *report, const struct savetool_info *info);

#endif
