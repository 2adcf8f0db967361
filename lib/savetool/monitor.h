/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress of a long task, and a way to stop it.  Part of savetool.h. */
#ifndef SAVETOOL_MONITOR_H
#define SAVETOOL_MONITOR_H

/*
 * Callbacks for a long task's progress, and for stopping it.  Only stopped may
 * be NULL.
 */
struct savetool_monitor {
	/*
	 * Called every few megabytes with how much of the total is done, in an
	 * arbitrary unit.  Anything but 0 stops the task with
	 * SAVETOOL_CANCELLED.  May be called from a thread of the library,
	 * never from two at once.
	 */
	int (*progress)(void *data, uint64_t done, uint64_t total);
	void *data;

	/*
	 * Called several times a second while a pipe has nothing to read, or a
	 * server does not answer.
	 * Anything but 0 stops the task with SAVETOOL_CANCELLED.  May be called
	 * from any thread, also while progress is running.  NULL: waits for
	 * ever.
	 */
	int (*stopped)(void *data);
};

#endif
