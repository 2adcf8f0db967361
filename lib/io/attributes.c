/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies owner, mode, ACL, extended attributes and times. */
#include "config.h"

#include "io/attributes.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static const char acl[] = "system.posix_acl_access";

/* Not permitted, or not supported by this file system. */
static bool is_denied(int result)
{
	return result < 0 &&
	       (errno == EPERM || errno == EACCES || errno == EOPNOTSUPP ||
		errno == EINVAL || errno == ENOSYS);
}

/* These certify the content, and would be wrong for another. */
static bool is_of_content(const char *name)
{
	return strcmp(name, "security.ima") == 0 ||
	       strcmp(name, "security.evm") == 0;
}

static int copy_attribute(int to, int from, const char *name)
{
	cleanup_free char *value = NULL;
	ssize_t size = fgetxattr(from, name, NULL, 0);

	if (size < 0)
		return -1;
	value = malloc(size + 1);
	if (!value)
		return -1;
	size = fgetxattr(from, name, value, size);
	return size < 0 ? -1 : fsetxattr(to, name, value, size, 0);
}

/*
 * Copies those that the destination accepts.  File systems differ in how much
 * they can store, and some names can be set only by the kernel.
 */
static void copy_attributes(int to, int from)
{
	cleanup_free char *names = NULL;
	ssize_t size = flistxattr(from, NULL, 0);

	if (size <= 0)
		return;
	names = malloc(size);
	if (!names)
		return;
	size = flistxattr(from, names, size);
	for (char *name = names; name < names + size; name += strlen(name) + 1)
		if (!is_of_content(name) && strcmp(name, acl) != 0)
			copy_attribute(to, from, name);
}

/*
 * false: the source has an ACL that the file could not get.  An ACL contains
 * the group's own rights, so it would mean something else with another group.
 */
static bool copy_acl(int to, int from, bool same_group)
{
	bool present = fgetxattr(from, acl, NULL, 0) >= 0;

	if (present && same_group && copy_attribute(to, from, acl) == 0)
		return true;
	/* It may have inherited one from the folder, which is wider. */
	fremovexattr(to, acl);
	return !present;
}

/* The part of the mode that is safe if group or ACL could not be kept. */
static mode_t narrow(mode_t mode, bool same_group, bool same_acl)
{
	mode &= 0777;
	if (!same_acl)
		return mode & 0700;
	if (!same_group)
		return mode & (0700 | (mode >> 3 & 0007));
	return mode;
}

static int copy_times(int fd, const struct stat *like,
		      struct savetool_error *err)
{
	const struct timespec times[] = { like->st_atim, like->st_mtim };
	int result = futimens(fd, times);

	if (result < 0 && !is_denied(result))
		return fail_errno(err, "cannot set the times");
	return 0;
}

/*
 * The owner comes first.  Otherwise the file would, for a moment, be readable
 * to users who cannot read the source.
 */
int attributes_copy(int fd, int like, bool times, struct savetool_error *err)
{
	struct stat st;
	bool same_group, same_acl;
	int result;

	if (fstat(like, &st) < 0)
		return fail_errno(err, "cannot examine the source");
	if (!S_ISREG(st.st_mode))
		return 0;
	same_group = fchown(fd, st.st_uid, st.st_gid) == 0 ||
		     fchown(fd, -1, st.st_gid) == 0;
	copy_attributes(fd, like);
	same_acl = copy_acl(fd, like, same_group);
	result = fchmod(fd, narrow(st.st_mode, same_group, same_acl));
	if (result < 0 && !is_denied(result))
		return fail_errno(err, "cannot set the mode");
	return times ? copy_times(fd, &st, err) : 0;
}
