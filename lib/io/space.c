/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks the file system about space. */
#include "config.h"

#include "io/space.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* No file system has larger blocks; what NFS reports as one may be larger. */
#define BLOCK_MOST 65536

/* For a file system that does not report it. */
#define BLOCK_USUAL 4096

/*
 * The superuser may use what ext2 to ext4 reserve for him, except for the
 * kernel's own share (ext4_set_resv_clusters): a fiftieth, at most 4096 blocks.
 * On other file systems, space beyond f_bavail cannot be used: btrfs needs it
 * for its metadata.
 */
uint64_t space_free(const struct statfs *fs)
{
	uint64_t blocks = fs->f_bavail, own = fs->f_blocks / 50;

	if (geteuid() == 0 && fs->f_type == EXT4_SUPER_MAGIC) {
		own = own < 4096 ? own : 4096;
		if (fs->f_bfree > own && fs->f_bfree - own > blocks)
			blocks = fs->f_bfree - own;
	}
	return blocks * fs->f_frsize;
}

uint64_t space_allocated(const struct stat *st)
{
	return S_ISREG(st->st_mode) ? st->st_blocks * UINT64_C(512) :
				      SAVETOOL_UNKNOWN;
}

int space_used(int fd, uint64_t *logical, uint64_t *allocated,
	       struct savetool_error *err)
{
	struct stat st;

	if (fd < 0)
		return fail(err, SAVETOOL_REFUSED, "not a file");
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot examine");
	*logical = st.st_size;
	*allocated = space_allocated(&st);
	if (S_ISREG(st.st_mode))
		return 0;
	if (!S_ISBLK(st.st_mode))
		return fail(err, SAVETOOL_REFUSED, "not a regular file");
	return ioctl(fd, BLKGETSIZE64, logical) < 0 ?
		       fail_errno(err, "cannot determine its size") :
		       0;
}

uint64_t space_block(int fd)
{
	struct statfs fs;
	struct stat st;
	int size;

	if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) &&
	    ioctl(fd, BLKSSZGET, &size) == 0 && size > 0)
		return size;
	if (fstatfs(fd, &fs) < 0 || fs.f_frsize <= 0 ||
	    fs.f_frsize > BLOCK_MOST || (fs.f_frsize & (fs.f_frsize - 1)) != 0)
		return BLOCK_USUAL;
	return fs.f_frsize;
}

/* For a file, what is free around it; for a device, all of it. */
int space_of(const struct output *out, uint64_t *space,
	     struct savetool_error *err)
{
	int fd = output_fd(out);
	struct statfs fs;
	struct stat st;

	*space = output_capacity(out);
	if (*space != SAVETOOL_UNKNOWN)
		return 0;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot examine the destination");
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, space) < 0)
		return fail_errno(err, "cannot determine the size of a device");
	if (!S_ISREG(st.st_mode))
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, "cannot examine the file system");
	*space = space_free(&fs);
	return 0;
}

int space_compare(uint64_t needed, uint64_t space, struct savetool_error *err)
{
	if (needed <= space)
		return 0;
	return fail(err, SAVETOOL_REFUSED,
		    "not enough space: %" PRIu64 " bytes needed, %" PRIu64
		    " free, %" PRIu64 " missing",
		    needed, space, needed - space);
}

int space_require(struct output *out, uint64_t needed,
		  struct savetool_error *err)
{
	uint64_t space = 0;

	if (space_of(out, &space, err) < 0)
		return -1;
	output_expect(out, needed);
	return space_compare(needed, space, err);
}
