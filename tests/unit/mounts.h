/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts a file system in the folder "disk", for a single test. */
#ifndef UNIT_MOUNTS_H
#define UNIT_MOUNTS_H

#include "scratch.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

/* In a mount namespace of its own: nobody else sees the mount. */
static inline void mount_here(const char *type, const char *options)
{
	assert_int_equal(mkdir("disk", 0700), 0);
	if (geteuid() != 0)
		skip_test("only root mounts");
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "disk", type, 0, options) < 0)
		skip_test("cannot mount a %s here: %s", type, strerror(errno));
}

static inline int leave_mount(void **state)
{
	umount2("disk", MNT_DETACH);
	return scratch_leave(state);
}

#define mount_test(name)                                                       \
	cmocka_unit_test_setup_teardown(name, scratch_enter, leave_mount)

#endif
