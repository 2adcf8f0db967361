/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens outputs: whatever already has the name decides how. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "io/output_file.h"
#include "io/reopen.h"
#include "io/tmpfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct output_file *file_new(struct savetool_error *err)
{
	struct output_file *file = calloc(1, sizeof(*file));

	if (!file) {
		fail_memory(err);
		return NULL;
	}
	file->base.ops = &output_file_ops;
	file->fd = file->shared = -1;
	file->expected = SAVETOOL_UNKNOWN;
	file->destination.folder = AT_FDCWD;
	file->punches = true;
	return file;
}

static int create_beside(struct output_file *file, struct savetool_error *err)
{
	file->base.seekable = true;
	file->fresh = true;
	if (destination_find(&file->destination, file->path) < 0)
		return fail_errno(err, "cannot create '%s'", file->path);
	file->fd = destination_create(&file->destination);
	if (file->fd < 0)
		return fail_errno(err,
				  file->options.replaces ?
					  "cannot create a file beside '%s'" :
					  "cannot create '%s'",
				  file->path);
	return 0;
}

/* A disk that is mounted, or held by another process, cannot be opened. */
static int open_in_place(struct output_file *file, mode_t type,
			 struct savetool_error *err)
{
	int flags = O_CLOEXEC | O_NOCTTY;

	file->base.seekable = S_ISBLK(type);
	file->withheld.active = S_ISBLK(type) && file->options.withhold;
	file->fd = open(file->path, S_ISBLK(type) ? flags | O_RDWR | O_EXCL :
						    flags | O_WRONLY);
	if (file->fd < 0 && errno == EBUSY)
		return fail(err, SAVETOOL_REFUSED, "'%s' is in use",
			    file->path);
	if (file->fd < 0)
		return fail_errno(err, "cannot open '%s'", file->path);
	return 0;
}

static bool is_same(int fd, const struct stat *other)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	if (S_ISBLK(st.st_mode) && S_ISBLK(other->st_mode))
		return st.st_rdev == other->st_rdev;
	return st.st_dev == other->st_dev && st.st_ino == other->st_ino;
}

/* Whatever already has the name decides. */
static int open_named(struct output_file *file, struct savetool_error *err)
{
	bool force = file->options.force;
	struct stat st;

	if (stat(file->path, &st) < 0) {
		if (errno != ENOENT)
			return fail_errno(err, "cannot create '%s'",
					  file->path);
		if (!force && lstat(file->path, &st) == 0)
			return fail_exists(err, file->path);
		return create_beside(file, err);
	}
	if (S_ISDIR(st.st_mode))
		return fail(err, SAVETOOL_REFUSED, "'%s' is a directory",
			    file->path);
	if (!file->options.replaces && is_same(file->options.like_fd, &st))
		return fail(err, SAVETOOL_REFUSED,
			    "source and destination are the same file");
	/* Not even opened: a named pipe would wait. */
	if (file->options.regular && !S_ISREG(st.st_mode))
		return fail(err, SAVETOOL_REFUSED, "'%s' is not a regular file",
			    file->path);
	if (!force && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
		return fail_exists(err, file->path);
	if (S_ISREG(st.st_mode))
		return create_beside(file, err);
	return open_in_place(file, st.st_mode, err);
}

int output_create_file(struct output **out, const char *path,
		       const struct output_file_options *options,
		       struct savetool_error *err)
{
	struct output_file *file;

	if (savetool_is_uri(path))
		return fail(err, SAVETOOL_REFUSED,
			    "'%s' is an NBD export, not a file", path);
	file = file_new(err);
	if (!file)
		return -1;
	file->options = *options;
	file->owned = true;
	file->path = strdup(path);
	if (!file->path)
		fail_memory(err);
	if (!file->path || open_named(file, err) < 0) {
		output_close(&file->base);
		return -1;
	}
	*out = &file->base;
	return 0;
}

/*
 * An empty file that a shell has just created for "> file" can be written like
 * a file of our own.  With O_APPEND, or bytes before it, offsets would not be
 * what they seem.
 */
static bool is_new_file(int fd, const struct stat *st)
{
	int flags = fcntl(fd, F_GETFL);

	return S_ISREG(st->st_mode) && st->st_size == 0 && flags >= 0 &&
	       !(flags & O_APPEND) && lseek(fd, 0, SEEK_CUR) == 0;
}

int output_open_fd(struct output **out, int fd, struct savetool_error *err)
{
	struct output_file *file;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot examine the output");
	file = file_new(err);
	if (!file)
		return -1;
	/*
	 * Reopened, because a shell opens it only for writing, not for reading
	 * back.
	 */
	if (is_new_file(fd, &st))
		file->fd = reopen(fd, O_RDWR);
	if (file->fd >= 0) {
		file->base.seekable = true;
		file->fresh = true;
		file->owned = true;
		file->shared = fd;
	} else {
		file->fd = fd;
	}
	*out = &file->base;
	return 0;
}

int output_open_unnamed(struct output **out, const char *folder,
			struct savetool_error *err)
{
	struct output_file *file = file_new(err);

	if (!file)
		return -1;
	file->base.seekable = true;
	file->fresh = true;
	file->owned = true;
	file->unnamed = true;
	file->path = strdup(folder);
	if (!file->path)
		fail_memory(err);
	else if ((file->fd = tmpfile_open(folder)) < 0)
		fail_errno(err, "cannot create a file in '%s'", folder);
	if (file->fd < 0) {
		output_close(&file->base);
		return -1;
	}
	*out = &file->base;
	return 0;
}
