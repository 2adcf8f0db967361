/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long tasks: how far they are, and who may stop them.  Part of savetool.h. */
#ifndef SAVETOOL_MONITOR_H
#define SAVETOOL_MONITOR_H

/* Whom a long task tells how far it is, and who may stop it. */
struct savetool_monitor {
	/*
	 * Called every few megabytes with what is done of the total, in an
	 * arbitrary unit.  Anything but 0 stops the task with
	 * SAVETOOL_CANCELLED. May be called from a thread of the library, never
	 * from two at once.
	 */
	int (*progress)(void *data, uint64_t done, uint64_t total);
	void *data;

	/*
	 * Asked several times a second while a pipe has nothing to read.
	 * Anything but 0 stops the task with SAVETOOL_CANCELLED.  May be called
	 * from any thread, also while progress is.  NULL: waits for ever.
	 */
	int (*stopped)(void *data);
};

#endif
