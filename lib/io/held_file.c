/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are changed in place. */
#include "config.h"

#include "io/held_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"
#include "io/direct.h"
#include "io/tmpfile.h"
#include "io/write_all.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int fail_in_use(struct savetool_error *err)
{
	return fail(err, SAVETOOL_REFUSED, "in use by another process");
}

/* Locks the whole file, including whatever will be appended. */
static int lock_ranges(int fd, struct savetool_error *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return fail_in_use(err);
	return fail_errno(err, "cannot lock");
}

/*
 * NFS gives the same answer for a file that is not delegated to this host as
 * others do for one that is open elsewhere.
 */
static bool tells_openers(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) < 0 || st.f_type != NFS_SUPER_MAGIC;
}

/*
 * A write lease is granted only while nobody else has the file open, and makes
 * processes wait that open it later.  We are notified by a signal, which must
 * not be one that ends the process.
 */
static int take_lease(struct held_file *held, struct savetool_error *err)
{
	if (fcntl(held->fd, F_SETSIG, SIGURG) == 0 &&
	    fcntl(held->fd, F_SETLEASE, F_WRLCK) == 0) {
		held->leased = true;
		return 0;
	}
	if (errno == EAGAIN && tells_openers(held->fd))
		return fail_in_use(err);
	/* We cannot have a lease, or the file system has none. */
	if (flock(held->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail_in_use(err);
	return 0;
}

/* A device that is mounted, or held by another one, is not given to us. */
static int claim_device(struct held_file *held, const char *path,
			struct savetool_error *err)
{
	close(held->fd);
	held->is_device = true;
	held->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_EXCL);
	if (held->fd < 0 && errno == EBUSY)
		return fail_in_use(err);
	return held->fd < 0 ? fail_errno(err, "cannot open for writing") : 0;
}

static int classify(struct held_file *held, const char *path,
		    struct savetool_error *err)
{
	struct stat st;

	if (fstat(held->fd, &st) < 0)
		return fail_errno(err, "cannot examine");
	if (S_ISBLK(st.st_mode))
		return claim_device(held, path, err);
	if (!S_ISREG(st.st_mode))
		return fail(err, SAVETOOL_REFUSED, "not a regular file");
	return 0;
}

int held_file_open(struct held_file *held, const char *path,
		   struct savetool_error *err)
{
	/* O_NONBLOCK: waits neither for a pipe's other end, nor for a lease. */
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct held_file opened;

	if (savetool_is_uri(path))
		return fail(err, SAVETOOL_REFUSED,
			    "an NBD export cannot be changed in place");
	opened = (struct held_file){ .fd = open(path, flags) };
	if (opened.fd < 0 && (errno == EWOULDBLOCK || errno == ETXTBSY))
		return fail_in_use(err);
	if (opened.fd < 0)
		return fail_errno(err, "cannot open for writing");
	if (classify(&opened, path, err) < 0 ||
	    lock_ranges(opened.fd, err) < 0 || take_lease(&opened, err) < 0) {
		held_file_close(&opened);
		return -1;
	}
	*held = opened;
	return 0;
}

void held_file_close(struct held_file *held)
{
	if (held->leased)
		fcntl(held->fd, F_SETLEASE, F_UNLCK);
	held->leased = false;
	if (held->fd >= 0)
		close(held->fd);
	held->fd = -1;
}

static int fail_given_way(struct savetool_error *err)
{
	return fail(err, SAVETOOL_REFUSED,
		    "stopped because another process opened the file");
}

int held_file_check(const struct held_file *held, struct savetool_error *err)
{
	if (!held->leased || fcntl(held->fd, F_GETLEASE) == F_WRLCK)
		return 0;
	return fail_given_way(err);
}

static int give_way(struct held_file_watch *watch)
{
	struct savetool_error err;

	if (held_file_check(watch->held, &err) == 0)
		return 0;
	watch->gave_way = true;
	return 1;
}

static int watch_progress(void *data, uint64_t done, uint64_t total)
{
	struct held_file_watch *watch = data;

	if (monitor_progress(watch->caller, done, total) != 0)
		return 1;
	return give_way(watch);
}

static int watch_stopped(void *data)
{
	struct held_file_watch *watch = data;

	if (monitor_stopped(watch->caller) != 0)
		return 1;
	return give_way(watch);
}

void held_file_watch_begin(struct held_file_watch *watch,
			   const struct held_file *held,
			   const struct savetool_monitor *caller)
{
	*watch = (struct held_file_watch){
		.monitor = {
			.progress = watch_progress,
			.data = watch,
			.stopped = watch_stopped,
		},
		.caller = caller,
		.held = held,
	};
}

int held_file_watch_end(const struct held_file_watch *watch, int result,
			struct savetool_error *err)
{
	if (result < 0 && err->code == SAVETOOL_CANCELLED && watch->gave_way)
		return fail_given_way(err);
	return result;
}

/* A hole past the end changes nothing, but fails if holes are not supported. */
int held_file_can_punch(const struct held_file *held,
			struct savetool_error *err)
{
	struct stat st;

	if (held->is_device)
		return 0;
	if (fstat(held->fd, &st) < 0)
		return fail_errno(err, "cannot examine");
	return held_file_punch(held, (st.st_size + 65535) / 65536 * 65536,
			       65536, err);
}

/*
 * A file may be a mount of its own: then its folder is on another file system.
 */
static bool is_beside(int fd, int other)
{
	struct stat st, others;

	return fstat(fd, &st) == 0 && fstat(other, &others) == 0 &&
	       st.st_dev == others.st_dev;
}

int folder_can_punch(const char *folder, int fd, struct savetool_error *err)
{
	const struct held_file held = { .fd = tmpfile_open(folder) };
	struct savetool_error tried = { .code = SAVETOOL_OK };

	if (held.fd < 0)
		return 0;
	if (is_beside(held.fd, fd))
		held_file_can_punch(&held, &tried);
	close(held.fd);
	if (tried.code != SAVETOOL_REFUSED)
		return 0;
	*err = tried;
	return -1;
}

int held_file_punch(const struct held_file *held, uint64_t offset,
		    uint64_t length, struct savetool_error *err)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int result;

	do {
		result = fallocate(held->fd, mode, offset, length);
	} while (result < 0 && errno == EINTR);
	if (result == 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == ENOSYS)
		return fail(err, SAVETOOL_REFUSED,
			    held->is_device ?
				    "this device cannot punch holes" :
				    "this file system does not support holes");
	return fail_errno_at(err, offset, "cannot punch a hole");
}

static int fail_change(uint64_t size, uint64_t offset,
		       struct savetool_error *err)
{
	return fail_errno_at(err, offset, "cannot write %" PRIu64 " bytes",
			     size);
}

/* Writes as if O_DIRECT were not set; meanwhile, other reads are not direct. */
static int write_through_cache(int fd, int flags, const void *data, size_t size,
			       uint64_t offset, struct savetool_error *err)
{
	uint64_t end = offset + size;
	int failed;

	if (flags & O_DIRECT)
		fcntl(fd, F_SETFL, flags & ~O_DIRECT);
	failed = write_all_bytes(fd, data, size, &offset);
	if (failed)
		fail_change(end - offset, offset, err);
	if (flags & O_DIRECT)
		fcntl(fd, F_SETFL, flags);
	return failed;
}

/* An input that reads by the same descriptor may have set O_DIRECT. */
int held_file_write(const struct held_file *held, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err)
{
	int flags = fcntl(held->fd, F_GETFL), done = 0;

	if (flags < 0)
		return fail_errno(err, "cannot write");
	if (flags & O_DIRECT)
		done = direct_patch(held->fd, data, size, offset);
	if (done < 0)
		return fail_change(size, offset, err);
	return done ? 0 :
		      write_through_cache(held->fd, flags, data, size, offset,
					  err);
}
